package httpd

import (
	"net/http"
	"sync"
	"time"
)

// A signInOutcome is how an attempt to sign in ended, as metrics, log and audit log have it.
type signInOutcome string

const (
	signedIn      signInOutcome = "right"
	wrongPassword signInOutcome = "wrong"   // or no account, a suspended one, or none with one
	notFromThere  signInOutcome = "refused" // the password is right
	tooOften      signInOutcome = "limited" // and nobody looked whether it is
)

// noteSignIn counts an attempt to sign in and writes it down with its account: every one in the
// log, in the audit log as many failures as failures has room for. Those who try again too
// often are in the log only.
func (s *Server) noteSignIn(r *http.Request, c Caller, account string, o signInOutcome) {
	s.counts.signIn(o)
	s.Log.Info("sign-in", "outcome", string(o), "account", account, "client", c.From())
	var err error
	switch o {
	case tooOften:
	case signedIn:
		err = s.As(c).NoteSignIn(r.Context())
	default:
		if room, skipped := s.failures.take(account); room {
			err = s.As(c).NoteSignInFailed(r.Context(), account, string(o), skipped)
		}
	}
	if err != nil { // on a full disk people still have to get in, and the log has it
		s.Log.Error("audit", "error", err)
	}
}

// How many failed attempts to sign in the audit log takes, which keeps all it has: strangers
// make any number of them, each about 200 octets.
const (
	failuresWindow     = time.Hour
	failuresPerAccount = 10
	failuresInAll      = 100
)

// failures counts those of an hour. An account that is not known counts as one that is, so that
// the time that is taken tells nothing.
type failures struct {
	now     func() time.Time
	lock    sync.Mutex
	since   time.Time
	of      map[string]int
	total   int
	skipped int // that had no room
}

// take takes room for one more, if there is some, and says how many had none before it.
func (f *failures) take(account string) (room bool, skipped int) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if now := f.now(); now.Sub(f.since) >= failuresWindow {
		f.since, f.total, f.of = now, 0, map[string]int{}
	}
	if f.total >= failuresInAll || f.of[account] >= failuresPerAccount {
		f.skipped++
		return false, 0
	}
	f.total++
	f.of[account]++
	skipped, f.skipped = f.skipped, 0
	return true, skipped
}
