package mailauth

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v3"

	"gatepost/message"
	"gatepost/policy"
)

// differs has the cases of the suite in which we say something else, and why.
var differs = map[string]struct{ got, why string }{
	"a-colon-domain":            {"permerror", "the library takes no / in the domain of an a or mx"},
	"a-colon-domain-ip4mapped":  {"permerror", "the same"},
	"mx-colon-domain":           {"permerror", "the same"},
	"mx-colon-domain-ip4mapped": {"permerror", "the same"},
	"p-macro-multiple":          {"neutral", "%{p} is unknown: a client chooses its reverse name"},
}

// An spfDocument is one of those in the RFC 7208 test suite that pyspf keeps.
type spfDocument struct {
	Tests map[string]struct {
		Helo, Host, MailFrom string
		Result               yaml.Node
	}
	Zone map[string][]yaml.Node `yaml:"zonedata"`
}

// The whole way from an envelope to its result, as others expect it. The file is not ours to
// hand on: see scripts/test.
func TestSPFSuite(t *testing.T) {
	folder := os.Getenv("GATEPOST_SUITES")
	if folder == "" {
		t.Skip("GATEPOST_SUITES names no folder with spf/rfc7208-tests.yml")
	}
	file, err := os.Open(filepath.Join(folder, "spf", "rfc7208-tests.yml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	total, agreed := 0, 0
	for documents := yaml.NewDecoder(file); ; {
		var s spfDocument
		if err := documents.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for name, test := range s.Tests {
			total++
			want := []string{test.Result.Value}
			if test.Result.Kind == yaml.SequenceNode && test.Result.Decode(&want) != nil {
				t.Errorf("%s: what is wanted cannot be read", name)
			}
			q := Query{Message: &message.Message{}, Envelope: &message.Envelope{Helo: test.Helo,
				MailFrom: test.MailFrom, NullPath: test.MailFrom == ""}}
			q.Hop.Client = netip.MustParseAddr(test.Host)
			got := checker(t, suiteZone(s.Zone)).Check(t.Context(), q).SPF.Result.String()
			d, known := differs[name]
			agrees := slices.Contains(want, got)
			if agrees == known || known && d.got != got {
				t.Errorf("%s: %s, want %v, and known to differ: %t", name, got, want, known)
			}
			if got == policy.Pass.String() && !agrees {
				t.Errorf("%s: a forger would pass", name)
			}
			if agrees {
				agreed++
			}
		}
	}
	t.Logf("%d of %d cases as expected", agreed, total)
	if total != 203 {
		t.Errorf("%d cases, not 203", total)
	}
}

// A suiteZone answers from the zone data of a document.
type suiteZone map[string][]yaml.Node

// find gives the records of a name. A server that does not answer does so for what has no
// record of that kind.
func (z suiteZone) find(name, kind string) ([]*yaml.Node, error) {
	for range 8 {
		records := z.records(name)
		switch _, silent := records["TIMEOUT"]; {
		case len(records[kind]) > 0:
			return records[kind], nil
		case silent:
			return nil, bare(name, context.DeadlineExceeded)
		case len(records["CNAME"]) == 0:
			return nil, notFound(name)
		}
		name = strings.TrimSuffix(records["CNAME"][0].Value, ".")
	}
	return nil, bare(name, errors.New("aliases go round in a circle"))
}

// records are those of a name by their kinds. Those of the old type SPF stand for texts,
// unless there are some, or none on purpose.
func (z suiteZone) records(name string) map[string][]*yaml.Node {
	all := map[string][]*yaml.Node{}
	for key, entries := range z {
		if !strings.EqualFold(key, name) {
			continue
		}
		for _, entry := range entries {
			if entry.Kind == yaml.MappingNode {
				kind := entry.Content[0].Value
				all[kind] = append(all[kind], entry.Content[1])
			} else {
				all[entry.Value] = nil
			}
		}
	}
	switch texts := all["TXT"]; {
	case len(texts) == 0:
		all["TXT"] = all["SPF"]
	case texts[0].Value == "NONE":
		all["TXT"] = nil
	}
	return all
}

func (z suiteZone) LookupTXT(_ context.Context, name string) (texts []string, err error) {
	all, err := z.find(name, "TXT")
	for _, v := range all {
		var parts []string
		if v.Decode(&parts) != nil {
			parts = []string{v.Value}
		}
		texts = append(texts, strings.Join(parts, ""))
	}
	return texts, err
}

func (z suiteZone) LookupMX(_ context.Context, name string) (exchanges []*net.MX, err error) {
	all, err := z.find(name, "MX")
	for _, v := range all {
		preference, _ := strconv.Atoi(v.Content[0].Value)
		exchanges = append(exchanges, &net.MX{Host: v.Content[1].Value, Pref: uint16(preference)})
	}
	return exchanges, err
}

func (z suiteZone) LookupIPAddr(_ context.Context, host string) (ips []net.IPAddr, err error) {
	for _, kind := range []string{"A", "AAAA"} {
		var all []*yaml.Node
		all, err = z.find(host, kind)
		for _, v := range all {
			ips = append(ips, net.IPAddr{IP: net.ParseIP(v.Value)})
		}
	}
	if len(ips) > 0 {
		err = nil
	}
	return ips, err
}

func (z suiteZone) LookupAddr(_ context.Context, addr string) (names []string, err error) {
	reverse, err := dns.ReverseAddr(addr)
	if err != nil {
		return nil, err
	}
	all, err := z.find(strings.TrimSuffix(reverse, "."), "PTR")
	for _, v := range all {
		names = append(names, v.Value)
	}
	return names, err
}
