package courier

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	fileMode   = 0o600
	folderMode = 0o700
)

// MaildirConfig is a folder in the maildir format, into which messages are put.
type MaildirConfig struct {
	// Path is the folder that holds tmp, new and cur, from the root on.
	Path string
	// Create makes the folder and the three in it, if they are not there.
	Create bool
	// FileMode is of each message, whatever the umask; 0600 if it is 0.
	FileMode fs.FileMode
	// FolderMode is of each folder that is made, whatever the umask; 0700 if it is 0.
	FolderMode fs.FileMode
	Wrapping   Wrapping
}

// A Maildir carrier puts each message into a file of its own.
type Maildir struct{ config MaildirConfig }

// NewMaildir checks the settings. Whether the folder is there is seen when a message comes.
func NewMaildir(c MaildirConfig) (*Maildir, error) {
	if !filepath.IsAbs(c.Path) {
		return nil, fmt.Errorf("path: %q does not begin at the root: write it as in "+
			"/var/mail/support", c.Path)
	}
	if c.FileMode == 0 {
		c.FileMode = fileMode
	}
	if c.FolderMode == 0 {
		c.FolderMode = folderMode
	}
	switch {
	case c.FileMode&^0o666 != 0 || c.FileMode&0o600 != 0o600:
		return nil, fmt.Errorf("file_mode: %#o is no mode of a message: its owner must be able to "+
			"read and write it, and nobody executes it: write it as in 0640", c.FileMode)
	case c.FolderMode&^(0o777|fs.ModeSetgid) != 0 || c.FolderMode&0o700 != 0o700:
		return nil, fmt.Errorf("folder_mode: %#o is no mode of a folder: its owner must be able "+
			"to do everything in it: write it as in 0750", c.FolderMode)
	}
	return &Maildir{config: c}, nil
}

// Carry puts the message into new, synced, under a name that its Key gives: a second delivery of
// the same Key finds it in new or cur and leaves it. Who moves it elsewhere gets it twice then.
func (m *Maildir) Carry(ctx context.Context, p *Parcel, dialogue io.Writer) Result {
	name := m.config.name(p)
	said, err := m.deliver(ctx, p, name)
	if err != nil {
		r := m.config.failed(err)
		tell(dialogue, "*", r.Said)
		return r
	}
	tell(dialogue, "*", said)
	return Result{Outcome: Done, Said: said}
}

// name is the same at every attempt. Readers sort by the number at its beginning.
func (c MaildirConfig) name(p *Parcel) string {
	sum := sha256.Sum256([]byte(p.Key))
	return fmt.Sprintf("%d.K%x.gatepost", max(0, p.ReceivedAt.Unix()), sum[:16])
}

func (m *Maildir) deliver(ctx context.Context, p *Parcel, name string) (said string, err error) {
	if m.config.Create {
		if err := m.config.makeFolders(); err != nil {
			return "", err
		}
	}
	there, err := m.config.has(name)
	if err != nil {
		return "", err
	}
	if there {
		return name + " is there already", nil
	}
	// Two at once for one Key must not write to one file.
	temporary := filepath.Join(m.config.Path, "tmp", name+"."+rand.Text())
	if err := m.config.write(ctx, temporary, p); err != nil {
		return "", errors.Join(err, removeIfThere(temporary))
	}
	err = os.Link(temporary, filepath.Join(m.config.Path, "new", name))
	if errors.Is(err, fs.ErrExist) {
		said, err = name+" is there already", nil
	} else {
		said = "new/" + name
	}
	if err = errors.Join(err, removeIfThere(temporary)); err != nil {
		return "", err
	}
	return said, syncFolder(filepath.Join(m.config.Path, "new"))
}

// has looks for a message that was put here before: readers move it to cur, and write what they
// think of it behind a colon.
func (c MaildirConfig) has(name string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(c.Path, "new", name)); err == nil {
		// An attempt that was ended may not have come to it.
		return true, syncFolder(filepath.Join(c.Path, "new"))
	}
	cur, err := os.Open(filepath.Join(c.Path, "cur"))
	if err != nil {
		return false, err
	}
	defer cur.Close()
	for {
		names, err := cur.Readdirnames(namesAtOnce)
		for _, n := range names {
			if n == name || strings.HasPrefix(n, name+":") {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

const namesAtOnce = 1024

func (c MaildirConfig) write(ctx context.Context, name string, p *Parcel) error {
	message, err := c.Wrapping.Open(p)
	if err != nil {
		return errors.New(err.Error()) // what it wraps would be taken for the folder's
	}
	defer message.Close()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, c.FileMode)
	if err != nil {
		return err
	}
	source := &failing{in: untilDone{ctx, message}}
	_, err = io.Copy(f, source)
	switch {
	case source.err != nil:
		err = fmt.Errorf("read the message: %s", source.err)
	case err == nil:
		err = errors.Join(f.Chmod(c.FileMode), f.Sync())
	}
	return errors.Join(err, f.Close())
}

// An untilDone reader ends with its context.
type untilDone struct {
	ctx context.Context
	in  io.Reader
}

func (u untilDone) Read(b []byte) (int, error) {
	if err := context.Cause(u.ctx); err != nil {
		return 0, err
	}
	return u.in.Read(b)
}

func (c MaildirConfig) makeFolders() error {
	for _, folder := range []string{c.Path, filepath.Join(c.Path, "tmp"),
		filepath.Join(c.Path, "new"), filepath.Join(c.Path, "cur")} {
		err := os.Mkdir(folder, c.FolderMode.Perm())
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.Chmod(folder, c.FolderMode); err != nil {
			return err
		}
		if err := syncFolder(filepath.Dir(folder)); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(name string) error {
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func removeIfThere(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// failed tells what waiting mends, as a full disk, from what only a person does.
func (c MaildirConfig) failed(err error) Result {
	r := Result{Said: err.Error()}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.Create:
		r.Said += ": make the folder with tmp, new and cur in it, or set create"
	case errors.Is(err, fs.ErrNotExist):
		r.Said += ": make the folder that it is to be in"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		r.Said += ": let the server's account write there"
	case errors.Is(err, syscall.ENOTDIR):
		r.Said += ": set path to a folder"
	default:
		return r
	}
	r.Pause = true
	return r
}

// Close has nothing to end.
func (m *Maildir) Close() error { return nil }
