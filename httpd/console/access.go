package console

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
)

// An accessView is the IP restrictions as they are shown and edited.
type accessView struct {
	Access   policy.Access  // as typed, or as it is
	Since    int64          // the generation that was shown, and is changed
	Now      *policy.Access // what stands, if somebody changed it meanwhile
	Text     string         // of the ranges
	Problems problemList
	Mended   bool // the ranges were written as they were meant: they are not saved yet
	Error    string
	Changes  bool          // what was typed is not what stands
	Lockout  bool          // saving it would shut out the caller
	Ask      bool          // saving it would shut out ShutOut: ask first
	ShutOut  []store.Token // by the Access above, if it were enabled
	Passage  policy.Passage
}

func (s *handlers) accessPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	access, since, err := s.DB.AccessAt(r.Context())
	if err != nil {
		return err
	}
	return s.showAccess(w, r, c, http.StatusOK,
		accessView{Access: access, Since: since, Text: access.Ranges.String()})
}

func (s *handlers) showAccess(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	view accessView) (err error) {
	enabled := view.Access
	enabled.Enabled = true
	view.Passage = enabled.Decide(policy.Visit{Client: c.Client, Known: true, Role: c.Role})
	if view.ShutOut == nil && !enabled.Ranges.Empty() {
		if view.ShutOut, err = s.ShutOut(r.Context(), enabled); err != nil {
			return err
		}
	}
	return s.renderStatus(w, r, c, status, "access.html", view)
}

// saveAccess changes the restrictions. What they would break is named first, and who would
// shut themselves out must say that they mean it.
func (s *handlers) saveAccess(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	wanted := r.PostForm.Get("mend") == ranges
	made := wanted && mendField(r.PostForm, ranges)
	view, err := s.readAccess(r)
	if err != nil {
		return err
	}
	if view.Mended = made; wanted {
		return s.showAccess(w, r, c, http.StatusOK, view)
	}
	const refused = http.StatusUnprocessableEntity
	if view.Problems.All > 0 || view.Error != "" || view.Now != nil {
		return s.showAccess(w, r, c, refused, view)
	}
	// All that it would break is said at once.
	view.Ask = len(view.ShutOut) > 0 && r.PostForm.Get("anyway") == ""
	view.Lockout = view.Changes && r.PostForm.Get("force") == "" && !view.Access.Decide(
		policy.Visit{Client: c.Client, Known: true, Role: c.Role}).Allowed
	if view.Ask || view.Lockout {
		return s.showAccess(w, r, c, refused, view)
	}
	h := s.As(c)
	err = h.SetAccess(r.Context(), view.Since, view.Access, c.Client, c.Role,
		r.PostForm.Get("force") != "")
	switch {
	case errors.Is(err, store.ErrLockout):
		view.Lockout = true
		return s.showAccess(w, r, c, refused, view)
	case errors.Is(err, store.ErrAccessChanged): // between our look and the saving
		return s.refuseStale(w, r, c, view)
	case err != nil:
		return err
	}
	return s.back(w, r, "/access", did("saved", h))
}

// refuseStale shows what was typed beside what stands now: to save it again replaces that.
func (s *handlers) refuseStale(w http.ResponseWriter, r *http.Request, c httpd.Caller,
	view accessView) error {
	now, since, err := s.DB.AccessAt(r.Context())
	if err != nil {
		return err
	}
	view.Now, view.Since = &now, since
	return s.showAccess(w, r, c, http.StatusUnprocessableEntity, view)
}

// readAccess reads the form.
func (s *handlers) readAccess(r *http.Request) (view accessView, err error) {
	now, generation, err := s.DB.AccessAt(r.Context())
	if err != nil {
		return view, err
	}
	view.Text = strings.TrimSpace(strings.ReplaceAll(r.PostForm.Get("ranges"), "\r\n", "\n"))
	allowed, err := policy.ParseRanges(view.Text)
	view.Problems = newProblems(ranges, view.Text, err)
	view.Access = policy.Access{Enabled: r.PostForm.Get("enabled") != "", Ranges: allowed,
		CustomersBypass: r.PostForm.Get("bypass") != ""}
	if view.Access.Enabled && view.Text == "" {
		view.Error = "Restrictions without a range would shut out everybody: give at least one."
	}
	same := now.Enabled == view.Access.Enabled && now.Ranges.String() == view.Text &&
		now.CustomersBypass == view.Access.CustomersBypass
	seen, wrong := strconv.ParseInt(r.PostForm.Get("generation"), 10, 64)
	view.Since, view.Changes = generation, !same
	if !same && (wrong != nil || seen != generation) {
		view.Now = &now
	}
	if view.Access.Enabled && !same && view.Problems.All == 0 && view.Error == "" {
		view.ShutOut, err = s.ShutOut(r.Context(), view.Access)
		return view, err
	}
	return view, nil
}
