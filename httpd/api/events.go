package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"gatepost/httpd"
	"gatepost/store"
)

// Limits of the streams of events.
const (
	lookEvery  = time.Second // for what is new in the queue, and whether the caller may stay: at most
	beatEvery  = 20 * time.Second
	eventWrite = 10 * time.Second // a client that takes longer is gone
)

func (s *handlers) eventOperations() []operation {
	return tagged("events", []operation{
		{pattern: "GET /api/v2/events", role: httpd.Agent, handler: s.events,
			id: "events",
			summary: "What happens in the queue, as it happens: the events counts, new, recovered " +
				"and deleted",
			gives: answersText("a stream that ends when the visitor may not stay",
				"text/event-stream"),
			fails: []int{http.StatusServiceUnavailable}},
	})
}

// events tells what happens in the queue as it happens (server-sent events): counts, new,
// recovered and deleted. Each look asks again who the caller is and whether they may come
// from there, so that a change cuts what stands. To listen is a use of a token, and none of a
// session: the stream ends when that has been idle for too long.
func (s *handlers) events(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	leave, err := s.EnterStream(c, beatEvery)
	if err != nil {
		return err
	}
	defer leave()
	st := &stream{server: s, w: w, control: http.NewResponseController(w)}
	defer st.limit() // what net/http writes at the end takes its time from it
	if err := st.begin(r.Context()); err != nil {
		return err
	}
	look := time.NewTicker(s.look)
	defer look.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	changed := s.DB.Changed()
	for {
		var err error
		select {
		case <-s.Stopping():
			return nil
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			err = st.send(": still here\n\n")
		case <-look.C:
			err = st.lookAround(r)
		case <-changed:
			changed = s.DB.Changed()
			if time.Since(st.told) >= s.look { // else in a moment, with what else there is by then
				err = st.lookAround(r)
			}
		}
		if err != nil {
			return s.endStream(err)
		}
	}
}

// endStream ends a stream: it has begun, so that there is no other answer. Who may not stay
// is told by the next request.
func (s *handlers) endStream(err error) error {
	if httpd.AsProblem(err) == nil && !errors.Is(err, context.Canceled) {
		s.Log.Debug("event stream", "error", err)
	}
	return nil
}

// A stream is one caller's.
type stream struct {
	server  *handlers
	w       http.ResponseWriter
	control *http.ResponseController
	version int64
	newest  int64 // the newest held message that was told of
	audit   int64 // the last entry of the audit log that was
	told    time.Time
}

// unseen is a version that the queue never has.
const unseen = -1

// begin says how things stand. What came before is not told of.
func (st *stream) begin(ctx context.Context) error {
	db := st.server.DB
	version, causes, err := db.Changes(ctx, unseen)
	if err != nil {
		return err
	}
	st.version = version
	for held, err := range db.ListSuspended(ctx, store.Query{Limit: 1}) {
		if err != nil {
			return err
		}
		st.newest = held.ID
	}
	for entry, err := range db.AuditLog(ctx, store.AuditQuery{Limit: 1}) {
		if err != nil {
			return err
		}
		st.audit = entry.ID
	}
	st.w.Header().Set("Content-Type", "text/event-stream")
	st.w.Header().Set("X-Accel-Buffering", "no") // nginx would keep what is to be live
	return st.tellCounts(causes)
}

// lookAround is look, if the caller may stay.
func (st *stream) lookAround(r *http.Request) error {
	if err := st.server.StillAdmits(r, httpd.Agent); err != nil {
		return err
	}
	return st.look(r.Context())
}

// look tells what happened since the last look.
func (st *stream) look(ctx context.Context) error {
	version, causes, err := st.server.DB.Changes(ctx, st.version)
	if err != nil || version == st.version {
		return err
	}
	st.version, st.told = version, time.Now()
	if err := st.tellNew(ctx); err != nil {
		return err
	}
	if err := st.tellDone(ctx); err != nil {
		return err
	}
	return st.tellCounts(causes)
}

// Limits of what one look tells of: after a flood the counts say enough.
const (
	maxNew  = 50
	maxDone = 200
)

// tellNew tells of messages that are held since, the oldest first.
func (st *stream) tellNew(ctx context.Context) error {
	var fresh []store.Suspended
	for held, err := range st.server.DB.ListSuspended(ctx, store.Query{Limit: maxNew}) {
		if err != nil {
			return err
		}
		if held.ID <= st.newest {
			break
		}
		fresh = append(fresh, held)
	}
	for _, held := range slices.Backward(fresh) {
		st.newest = held.ID
		if err := st.tell("new", map[string]any{"id": held.ID, "cause": held.Cause}); err != nil {
			return err
		}
	}
	return nil
}

// tellDone tells of messages that somebody recovered or deleted since. What has expired only
// shows in the counts.
func (st *stream) tellDone(ctx context.Context) error {
	var fresh []store.AuditEntry
	for entry, err := range st.server.DB.AuditLog(ctx, store.AuditQuery{Limit: maxDone}) {
		if err != nil {
			return err
		}
		if entry.ID <= st.audit {
			break
		}
		fresh = append(fresh, entry)
	}
	for _, entry := range slices.Backward(fresh) {
		st.audit = entry.ID
		event := map[store.Action]string{store.Recovered: "recovered",
			store.Deleted: "deleted"}[entry.Action]
		id, err := strconv.ParseInt(entry.Subject, 10, 64)
		if event == "" || err != nil {
			continue
		}
		if err := st.tell(event, map[string]any{"id": id, "by": entry.Actor}); err != nil {
			return err
		}
	}
	return nil
}

// tellCounts tells how many are held, by cause.
func (st *stream) tellCounts(causes map[string]int64) error {
	held := int64(0)
	for _, n := range causes {
		held += n
	}
	return st.tell("counts", map[string]any{"held": held, "causes": causes})
}

func (st *stream) tell(event string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return st.send(fmt.Sprintf("event: %s\ndata: %s\n\n", event, text))
}

// send writes one event. Between two there is no deadline: HTTP/2 resets a stream whose
// deadline passes, even if nothing is to be written.
func (st *stream) send(text string) error {
	st.limit()
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	if err := st.control.Flush(); err != nil {
		return err
	}
	_ = st.control.SetWriteDeadline(time.Time{})
	return nil
}

// limit sets how long the client may take for what is written next. A test's recorder has no
// deadlines, and a stream without them is only slower to end.
func (st *stream) limit() {
	_ = st.control.SetWriteDeadline(time.Now().Add(st.server.write))
}
