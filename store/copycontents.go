package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// A copiedContent is a content that is too large for its row of messages.
type copiedContent struct {
	id       int64
	decision string
	size     int64
	sum      []byte
}

func scanCopiedContent(row scanner) (c copiedContent, err error) {
	return c, row.Scan(&c.id, &c.decision, &c.size, &c.sum)
}

func isGone(err error) bool {
	return errors.Is(err, ErrContentGone) || errors.Is(err, os.ErrNotExist)
}

// eachContent tells how far a step is that does something for each large content.
func (c *copying) eachContent(step string, do func(copiedContent) error) error {
	total, err := one(c.ctx, c.from, scanCount, `select count(*) from messages where raw is null`)
	if err != nil {
		return err
	}
	var done int64
	for of, err := range each(c.ctx, c.from, scanCopiedContent, `select id, decision_id, size, sum
		from messages where raw is null order by id`) {
		if err == nil {
			err = do(of)
		}
		if err != nil {
			return fmt.Errorf("content of message %d: %w", of.id, err)
		}
		done++
		c.tell(step, done, total)
	}
	return nil
}

// copyContents copies those that the copy does not have yet, each in a transaction of its own, or as
// a file that has its name when it is whole. One that is not there cannot be had.
func (c *copying) copyContents() error {
	return c.eachContent("contents", func(of copiedContent) error {
		open := func() (io.ReadCloser, error) { return c.from.contents.open(c.ctx, of.id, of.decision) }
		from, err := open()
		if isGone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := from.Close(); err != nil {
			return err
		}
		has, err := c.to.contents.has(func(query string, args ...any) scanner {
			return c.to.read.QueryRowContext(c.ctx, c.to.text(query), args...)
		}, of.decision, of.size)
		if has || err != nil {
			return err
		}
		return c.to.contents.fill(c.ctx, of.decision, open)
	})
}

// compareContents reads both sides again, and notes what is not as it was received on either.
func (c *copying) compareContents() error {
	return c.eachContent("compare contents", func(of copiedContent) error {
		theirs, _, err := sumOfContent(c.ctx, c.from, of)
		if err != nil {
			return err
		}
		ours, size, err := sumOfContent(c.ctx, c.to, of)
		if err != nil {
			return err
		}
		if !bytes.Equal(theirs, ours) {
			return fmt.Errorf("it is another one in %s than in %s: it was changed since the copy was "+
				"begun; remove the copy, and begin anew", c.from.place(), c.to.place())
		}
		if !bytes.Equal(ours, of.sum) {
			c.Damaged = append(c.Damaged, of.id)
		}
		if ours != nil {
			c.Contents++
			c.Octets += size
		}
		return nil
	})
}
