package intake

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"gatepost/message"
	"gatepost/store"
)

// maxAnswers is how many rejected messages are remembered, of about 200 octets each.
const maxAnswers = 16384

// answers are the ids that rejected messages were answered with. Of them nothing is stored, but
// what is stored is answered with its first id when it comes again: a new one would tell its
// sender that it was rejected. They are in memory only, under hashes that nobody can make
// without the key of this process.
type answers struct {
	once sync.Once
	key  [sha256.Size]byte
	made *otter.Cache[[sha256.Size]byte, answer]
}

// An answer is what a message was answered with, and when it had come.
type answer struct {
	id string
	at time.Time
}

// first is the id that the first of the same rejected messages was answered with, which is
// this one if there is none within the window. What counts is when messages came, as for those
// that are stored, so that nothing has to look at the clock.
func (a *answers) first(r *store.Record) string {
	if !r.Repeats() {
		return r.ID
	}
	a.once.Do(func() {
		_, _ = rand.Read(a.key[:]) // which never fails
		a.made = otter.Must(&otter.Options[[sha256.Size]byte, answer]{MaximumSize: maxAnswers})
	})
	at := r.Envelope.ReceivedAt
	first, _ := a.made.Compute(a.hash(r), func(was answer, found bool) (answer, otter.ComputeOp) {
		if found && at.Sub(was.at).Abs() <= r.Window {
			return was, otter.CancelOp
		}
		return answer{r.ID, at}, otter.WriteOp
	})
	return first.id
}

// hash is one of all that two messages must have in common to be the same.
func (a *answers) hash(r *store.Record) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, a.key[:])
	h.Write(r.Content.Sum[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(r.Content.Size)))
	h.Write(strconv.AppendBool(nil, r.Envelope.NullPath))
	h.Write([]byte(message.Clean(r.Envelope.MailFrom)))
	h.Sum(sum[:0])
	return sum
}
