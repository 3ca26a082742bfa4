package store

import (
	"context"
	"testing"
)

// What a transaction has written is there for each way to read in it, whatever the engine sends
// when: the next message of a batch may be a reply to the one before.
func TestTransactionReadsItsOwn(t *testing.T) {
	f := open(t)
	err := f.writer.do(context.Background(), func(tx *tx) error {
		if err := tx.exec(`insert into meta (name, value) values ('own', 7)`); err != nil {
			return err
		}
		rows, err := tx.threadRows(`select value, 0, 0, name from meta where name = 'own' and value > $1
			limit $2`, 0)
		if len(rows) != 1 {
			t.Errorf("it reads %v", rows)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
