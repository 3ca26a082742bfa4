// Command cluster takes mail with several gateposts on three PostgreSQL under Patroni, breaks one part
// after the other, and counts what was answered 250 and is not stored, or is twice. scripts/test-cluster
// runs it. All that it starts listens on loopback alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	dir := flag.String("dir", "", "work in this `folder`, which is empty")
	program := flag.String("program", "", "the `gatepost` to run")
	bin := flag.String("bin", "", "the `folder` of the programs of PostgreSQL")
	rounds := flag.Int("rounds", 10, "how `often` each fault happens")
	nodes := flag.Int("nodes", 2, "how `many` gateposts there are")
	flag.Parse()
	if err := run(*dir, *program, *bin, *rounds, *nodes, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir, program, bin string, rounds, nodes int, names []string) error {
	w, err := open(dir, program, bin, nodes)
	if err != nil {
		return err
	}
	var all []outcome
	format := "%-10s %5v %-11s %6v %6v %8s %6s %6s %5v %5v %8s %6s %s\n"
	fmt.Printf(format, "fault", "round", "struck", "acked", "again", "silent s", "bare s", "most s", "lost", "twice",
		"mended s", "load", "")
	for number := range rounds {
		for i := range faults {
			f := &faults[i]
			if len(names) > 0 && !slices.Contains(names, f.name) {
				continue
			}
			o, err := w.round(f, number)
			note := ""
			if o.anew != nil {
				note = "made anew: " + strings.Join(o.anew, " ")
			}
			fmt.Printf(format, f.name, number+1, o.struck, o.acked, o.tries, seconds(o.silent), seconds(o.bare),
				seconds(f.most), o.lost, o.twice, seconds(o.mended), o.load, note)
			if err != nil {
				return fmt.Errorf("%s, round %d: %w", f.name, number+1, err)
			}
			all = append(all, o)
		}
	}
	if len(names) == 0 || slices.Contains(names, "alone") {
		if err := w.alone(); err != nil {
			return fmt.Errorf("asynchronous replication: %w", err)
		}
		fmt.Println("asynchronous replication is refused")
	}
	return judge(all)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) }

// load is how many processes wanted to run in the last minute.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// slack is how much longer than a bare client a message may wait where the cluster itself takes longer
// than it should.
const slack = time.Second / 2

// judge sums the rounds up. Where more processes than twice the processors want to run, how long
// something takes says nothing of us.
func judge(all []outcome) error {
	var wrong []string
	for i := range faults {
		f := &faults[i]
		var silent, bare []time.Duration
		lost, twice, acked := 0, 0, 0
		for _, o := range all {
			if o.fault != f {
				continue
			}
			silent, bare = append(silent, o.silent), append(bare, o.bare)
			lost, twice, acked = lost+o.lost, twice+o.twice, acked+o.acked
			busy, _ := strconv.ParseFloat(o.load, 64)
			if o.silent > max(f.most, o.bare+slack) && busy <= float64(2*runtime.NumCPU()) {
				wrong = append(wrong, fmt.Sprintf("%s: %s s without a 250, and %s s without a commit",
					f.what, seconds(o.silent), seconds(o.bare)))
			}
		}
		if len(silent) == 0 {
			continue
		}
		fmt.Printf("%s, %d times: %d acknowledged, %d lost, %d twice; without a 250 for %s s (least, median, "+
			"most), without a commit of a bare client for %s s\n", f.what, len(silent), acked, lost, twice,
			spread(silent), spread(bare))
		if lost+twice > 0 {
			wrong = append(wrong, fmt.Sprintf("%s: %d lost, %d twice", f.what, lost, twice))
		}
	}
	if wrong != nil {
		return fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return nil
}

// spread is the least, the median and the most of some times, in seconds.
func spread(all []time.Duration) string {
	slices.Sort(all)
	return fmt.Sprintf("%s, %s, %s", seconds(all[0]), seconds(all[len(all)/2]), seconds(all[len(all)-1]))
}

// open makes the cluster and the database, and starts the nodes and who sends.
func open(dir, program, bin string, nodes int) (*whole, error) {
	c, err := newCluster(dir, bin)
	if err != nil {
		return nil, err
	}
	for _, m := range c.machines {
		if err := m.start(); err != nil {
			return nil, err
		}
	}
	if _, err := c.wait(2 * time.Minute); err != nil {
		return nil, err
	}
	m, _ := c.primary()
	for _, statement := range []string{"create role gatepost login",
		"create database gatepost owner gatepost template template0 encoding 'UTF8' locale 'C'"} {
		if err := m.row("postgres", statement); err != nil {
			return nil, err
		}
	}
	for _, m := range c.machines { // a standby that does not have it yet keeps a node from asking the next
		for tries := 0; m.row("gatepost", "select 1") != nil; tries++ {
			if tries == 100 {
				return nil, fmt.Errorf("%s has no database", m.name)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
	w := &whole{cluster: c}
	for i := range nodes {
		n, err := newNode(c, i+1, program)
		if err == nil {
			err = n.start()
		}
		if err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
		text, err := n.await(200)
		if err != nil {
			log, _ := os.ReadFile(filepath.Join(dir, n.name+".log"))
			return nil, fmt.Errorf("%w\n%s", err, log)
		}
		fmt.Printf("%s: %s\n", n.name, text)
	}
	w.sender = newSender(w.nodes, 16)
	w.bare, err = newBare(c)
	return w, err
}
