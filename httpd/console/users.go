package console

import (
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/message"
	"gatepost/policy"
	"gatepost/store"
)

// A usersView is the profiles as they are listed, and the form to make one.
type usersView struct {
	List  listing
	Page  store.Page[store.User]
	Form  profileForm
	Error string
}

// A profileForm is what was typed, to be shown again.
type profileForm struct{ Email, Name, Role string }

// A userView is one profile with what can be done about it.
type userView struct {
	store.User
	Error  string
	Own    bool  // it is the caller's
	Tokens int64 // that stand
}

func (s *handlers) usersPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showUsers(w, r, c, http.StatusOK, usersView{Form: profileForm{Role: "end-user"}})
}

func (s *handlers) showUsers(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	u usersView) (err error) {
	u.List = newListing("/users", r)
	page := u.List.page()
	page.Descending = u.List.Get("order") == "desc"
	if u.Page, err = s.DB.UserPage(r.Context(), u.List.Get("q"), page); err != nil {
		return err
	}
	return s.renderStatus(w, r, c, status, "users.html", u)
}

func (s *handlers) addProfile(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	form := profileForm{strings.TrimSpace(r.PostForm.Get("email")), r.PostForm.Get("name"),
		r.PostForm.Get("role")}
	h := s.As(c)
	err := makeProfile(r, h, form)
	if err == nil {
		return s.back(w, r, "/users?q="+form.Email, did("added", h))
	}
	if p := httpd.AsProblem(err); p != nil && p.Status == http.StatusUnprocessableEntity {
		return s.showUsers(w, r, c, p.Status, usersView{Form: form, Error: p.Words()})
	}
	return err
}

func makeProfile(r *http.Request, h *store.Editor, form profileForm) error {
	a, err := message.ParseAddress(form.Email)
	if err != nil {
		return httpd.Invalid("email", "the address cannot be taken: %s", err)
	}
	role, err := policy.ParseRole(form.Role)
	if err != nil {
		return httpd.Invalid("role", "%s", err)
	}
	if err := httpd.CheckName(form.Name); err != nil {
		return err
	}
	return h.AddUser(r.Context(), store.NewUser{Email: a, Name: form.Name, Role: role,
		MadeBy: "console"})
}

func (s *handlers) userPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showProfile(w, r, c, http.StatusOK, "")
}

func (s *handlers) showProfile(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	message string) error {
	u, err := s.profile(r)
	if err != nil {
		return err
	}
	view := userView{User: u, Error: message, Own: u.ID == c.User.ID}
	for t, err := range s.DB.Tokens(r.Context()) {
		if err != nil {
			return err
		}
		if t.Owner == u.Email && t.Stands(s.Now()) {
			view.Tokens++
		}
	}
	return s.renderStatus(w, r, c, status, "user.html", view)
}

func (s *handlers) profile(r *http.Request) (u store.User, err error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return u, err
	}
	return s.DB.UserByID(r.Context(), id)
}

// changeProfile does what a form of the profile's page says.
func (s *handlers) changeProfile(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	u, err := s.profile(r)
	if err != nil {
		return err
	}
	to, what := r.URL.Path, "saved"
	if r.PostForm.Get("do") == "remove" {
		to, what = "/users", "removed"
	}
	h := s.As(c)
	err = s.applyToProfile(r, h, u)
	if err == nil {
		return s.back(w, r, to, did(what, h))
	}
	if p := httpd.AsProblem(err); p != nil && p.Status == http.StatusUnprocessableEntity {
		return s.showProfile(w, r, c, p.Status, p.Words())
	}
	return err
}

func (s *handlers) applyToProfile(r *http.Request, h *store.Editor, u store.User) error {
	a, err := message.ParseAddress(u.Email)
	if err != nil {
		return err
	}
	ctx, form := r.Context(), r.PostForm
	switch form.Get("do") {
	case "role":
		role, err := policy.ParseRole(form.Get("role"))
		if err != nil {
			return httpd.Invalid("role", "%s", err)
		}
		return h.SetRole(ctx, a, role)
	case "suspend":
		return h.SetSuspended(ctx, a, true)
	case "unsuspend":
		return h.SetSuspended(ctx, a, false)
	case "rename":
		if err := httpd.CheckName(form.Get("name")); err != nil {
			return err
		}
		return h.Rename(ctx, a, form.Get("name"))
	case "password":
		return setPassword(r, h, a)
	case "remove":
		return h.RemoveUser(ctx, a)
	}
	return httpd.Invalid("do", "choose what to do")
}

func setPassword(r *http.Request, h *store.Editor, a message.Address) error {
	password := r.PostForm.Get("password")
	if err := store.CheckPassword(password); err != nil {
		return httpd.Invalid("password", "%s", err)
	}
	if r.PostForm.Get("tokens") == "revoke" { // first: what then fails leaves less open, not more
		if _, err := h.RevokeTokens(r.Context(), a); err != nil {
			return err
		}
	}
	return h.SetPassword(r.Context(), a, store.HashPassword(password))
}
