package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A user is a profile as the vendor shows it.
type user struct {
	ID        int64  `json:"id"`
	URL       string `json:"url"`
	Name      string `json:"name"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	Suspended bool   `json:"suspended"`
	Active    bool   `json:"active"` // false once it is removed
	MadeBy    string `json:"made_by"`
	CreatedAt stamp  `json:"created_at"`
	UpdatedAt stamp  `json:"updated_at"`
}

func (s *handlers) userOperations() []operation {
	return tagged("users", []operation{
		{pattern: "GET /api/v2/users", role: httpd.Admin, handler: s.listUsers,
			id: "listUsers", summary: "Profiles",
			takes: pageParameters(),
			gives: answers("a page of profiles", pageOf("users", "User"))},
		{pattern: "POST /api/v2/users", role: httpd.Admin, handler: s.addUser,
			id: "createUser", summary: "Make a profile",
			sends: fields{"user": "UserChange"},
			gives: creates("the profile", fields{"user": "User"})},
		{pattern: "GET /api/v2/users/search", role: httpd.Admin, handler: s.searchUsers,
			id: "searchUsers", summary: "Profiles by a part of their name or address",
			takes: []parameter{must("query", "string", "what to look for"),
				may("page[size]", "1..100", "records on a page, by cursor"),
				may("page[after]", "string", "the page after this cursor"),
				may("page[before]", "string", "the page before this cursor"),
				may("page", "1..", "number of the page, from 1: reaches the first 10,000 records"),
				may("per_page", "1..100", "records on a page, by number")},
			gives: answers("a page of profiles", pageOf("users", "User"))},
		{pattern: "GET /api/v2/users/me", role: httpd.EndUser, handler: s.showMe,
			id: "showMe", summary: "Who is asking",
			gives: answers("the profile", fields{"user": "User"})},
		{pattern: "GET /api/v2/users/{id}", role: httpd.Admin, handler: s.showUser,
			id: "showUser", summary: "One profile",
			gives: answers("the profile", fields{"user": "User"})},
		{pattern: "PUT /api/v2/users/{id}", role: httpd.Admin, handler: s.changeUser,
			id:      "updateUser",
			summary: "Change name, role or suspension of a profile; what is not said stays",
			sends:   fields{"user": "UserChange"},
			gives:   answers("the profile", fields{"user": "User"})},
		{pattern: "DELETE /api/v2/users/{id}", role: httpd.Admin, handler: s.removeUser,
			id: "deleteUser", summary: "Remove a profile: its address is a stranger's again",
			gives: answers("the profile as it was, not active any more", fields{"user": "User"}),
			fails: []int{http.StatusUnprocessableEntity}},
	})
}

func (s *handlers) user(r *http.Request, u store.User) user {
	return user{ID: u.ID, URL: s.apiURL(r, "users", u.ID), Name: u.Name, Email: u.Email,
		Role: u.Role, Suspended: u.Suspended, Active: true, MadeBy: u.MadeBy,
		CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt)}
}

func (s *handlers) listUsers(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	return s.pageUsers(w, r, "")
}

// searchUsers finds profiles by a part of their name or address. The vendor's email: before
// an address says nothing more.
func (s *handlers) searchUsers(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	query := strings.TrimSpace(r.URL.Query().Get("query"))
	query = strings.Trim(strings.TrimPrefix(query, "email:"), `"`)
	if query == "" {
		return httpd.Invalid("query", "say what to look for: query=ann")
	}
	return s.pageUsers(w, r, query)
}

func (s *handlers) pageUsers(w http.ResponseWriter, r *http.Request, search string) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	found, err := turn(p, func(pr store.PageRequest) (store.Page[store.User], error) {
		return s.DB.UserPage(r.Context(), search, pr)
	})
	if err != nil {
		return err
	}
	records := make([]user, len(found.Items))
	for i, u := range found.Items {
		records[i] = s.user(r, u)
	}
	b, err := pageBody(s, r, "users", records, p, found, func() (int64, error) {
		return s.countUsers(r.Context(), search)
	})
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

// countUsers counts as far as page numbers reach.
func (s *handlers) countUsers(ctx context.Context, search string) (n int64, err error) {
	for more, at := true, (store.PageRequest{Size: maxSkip}); more && n < maxOffset; {
		found, err := s.DB.UserPage(ctx, search, at)
		if err != nil {
			return 0, err
		}
		n += int64(len(found.Items))
		more, at.After = found.HasMore, found.Last
	}
	return n, nil
}

func (s *handlers) showMe(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return httpd.AnswerJSON(w, http.StatusOK, body{"user": s.user(r, c.User)})
}

func (s *handlers) showUser(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	u, err := s.theUser(r)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"user": s.user(r, u)})
}

// theUser is the profile that the path names.
func (s *handlers) theUser(r *http.Request) (store.User, error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return store.User{}, err
	}
	return s.DB.UserByID(r.Context(), id)
}

// A userChange is what may be said of a profile; what is not said stays as it is.
type userChange struct {
	Name      *string `json:"name"`
	Email     *string `json:"email"`
	Role      *string `json:"role"`
	Suspended *bool   `json:"suspended"`

	role policy.Role
}

// readUser reads and checks a change before anything of it is made.
func readUser(w http.ResponseWriter, r *http.Request) (c userChange, err error) {
	var in struct {
		User *userChange `json:"user"`
	}
	if err := readJSON(r, &in); err != nil {
		return c, err
	}
	if in.User == nil {
		return c, httpd.Invalid("user", "say what the profile is: {\"user\": {…}}")
	}
	c = *in.User
	if c.Role != nil {
		if c.role, err = policy.ParseRole(*c.Role); err != nil {
			return c, httpd.Invalid("role", "%s", err)
		}
	}
	if c.Name != nil {
		err = httpd.CheckName(*c.Name)
	}
	return c, err
}

func (s *handlers) addUser(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	change, err := readUser(w, r)
	if err != nil {
		return err
	}
	if change.Email == nil {
		return httpd.Invalid("email", "a profile needs an address")
	}
	address, err := message.ParseAddress(*change.Email)
	if err != nil {
		return httpd.Invalid("email", "%s", err)
	}
	n := store.NewUser{Email: address, Role: change.role, MadeBy: c.Via}
	if change.Name != nil {
		n.Name = *change.Name
	}
	if err := s.As(c).AddUser(r.Context(), n); err != nil {
		return err
	}
	if change.Suspended != nil && *change.Suspended {
		if err := s.As(c).SetSuspended(r.Context(), address, true); err != nil {
			return err
		}
	}
	u, err := s.DB.User(r.Context(), address)
	if err != nil {
		return err
	}
	w.Header().Set("Location", s.apiURL(r, "users", u.ID))
	return httpd.AnswerJSON(w, http.StatusCreated, body{"user": s.user(r, u)})
}

func (s *handlers) changeUser(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	u, err := s.theUser(r)
	if err != nil {
		return err
	}
	change, err := readUser(w, r)
	if err != nil {
		return err
	}
	address, err := message.ParseAddress(u.Email)
	if err != nil {
		return fmt.Errorf("profile %d: %w", u.ID, err)
	}
	if change.Email != nil {
		if to, err := message.ParseAddress(*change.Email); err != nil || to != address {
			return httpd.Invalid("email", "the address of a profile stays: add another profile")
		}
	}
	if err := change.apply(r, s.As(c), u, address); err != nil {
		return err
	}
	if u, err = s.DB.User(r.Context(), address); err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"user": s.user(r, u)})
}

// apply makes what is different, so that the profile may at no moment do what it may neither
// before nor after: it is suspended before it has another role, and unsuspended after. What
// may be refused, since it would take the last admin, comes first all the same.
func (c userChange) apply(r *http.Request, h *store.Editor, u store.User,
	address message.Address) error {
	differs := c.Suspended != nil && *c.Suspended != u.Suspended
	if differs && *c.Suspended {
		if err := h.SetSuspended(r.Context(), address, true); err != nil {
			return suspendedField(err)
		}
	}
	if c.Role != nil && c.role.String() != u.Role {
		if err := h.SetRole(r.Context(), address, c.role); err != nil {
			return err
		}
	}
	if differs && !*c.Suspended {
		if err := h.SetSuspended(r.Context(), address, false); err != nil {
			return err
		}
	}
	if c.Name != nil && *c.Name != u.Name {
		return h.Rename(r.Context(), address, *c.Name)
	}
	return nil
}

func suspendedField(err error) error {
	if errors.Is(err, store.ErrLastAdmin) {
		return httpd.Invalid("suspended", "%s", err)
	}
	return err
}

// removeUser removes a profile and shows it once more, as the vendor does.
func (s *handlers) removeUser(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	u, err := s.theUser(r)
	if err != nil {
		return err
	}
	address, err := message.ParseAddress(u.Email)
	if err != nil {
		return fmt.Errorf("profile %d: %w", u.ID, err)
	}
	if err := s.As(c).RemoveUser(r.Context(), address); err != nil {
		return err
	}
	gone := s.user(r, u)
	gone.Active = false
	return httpd.AnswerJSON(w, http.StatusOK, body{"user": gone})
}
