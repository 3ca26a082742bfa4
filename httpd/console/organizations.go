package console

import (
	"errors"
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// An orgsView is the organisations as they are listed, each with a form to change it.
type orgsView struct {
	List listing
	Rows []orgRow
	Page store.Page[store.Organization]
	Form orgForm // of one to be made
}

// An orgRow is one organisation, and what is odd about what it has.
type orgRow struct {
	ID   int64
	Form orgForm
	Odd  []oddity
}

// An orgForm is what was typed, to be shown again, and why it was not taken.
type orgForm struct{ Name, Domains, Error string }

// shownOfOrg is how many findings are shown of an organisation.
const shownOfOrg = 10

func (s *handlers) orgsPage(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	return s.showOrgs(w, r, c, http.StatusOK, 0, orgForm{})
}

// showOrgs shows a page of them, with the form of one of them, or of a new one, as it was typed.
func (s *handlers) showOrgs(w http.ResponseWriter, r *http.Request, c httpd.Caller, status int,
	id int64, typed orgForm) (err error) {
	v := orgsView{List: newListing("/organizations", r)}
	if v.Page, err = s.DB.OrganizationPage(r.Context(), v.List.page()); err != nil {
		return err
	}
	looked, err := trial.Look(r.Context(), s.DB)
	if err != nil {
		return err
	}
	if id == 0 {
		v.Form = typed
	}
	for _, o := range v.Page.Items {
		row := orgRow{ID: o.ID, Form: orgForm{Name: o.Name, Domains: strings.Join(o.Domains, " ")}}
		entries, err := policy.ParseEntries(policy.Org, row.Form.Domains)
		if err != nil {
			return err
		}
		for _, e := range trial.Of(o.Name, entries) {
			for f := range looked.Entry(e) {
				row.Odd = append(row.Odd, newOddity(f))
			}
		}
		row.Odd = row.Odd[:min(len(row.Odd), shownOfOrg)]
		if o.ID == id {
			row.Form = typed
		}
		v.Rows = append(v.Rows, row)
	}
	return s.renderStatus(w, r, c, status, "organizations.html", v)
}

// readOrg reads a form. Its error is the caller's to show.
func readOrg(r *http.Request) (f orgForm, o store.NewOrganization, err error) {
	f = orgForm{Name: r.PostForm.Get("name"), Domains: r.PostForm.Get("domains")}
	o.Name = store.CleanName(f.Name)
	if err := store.CheckOrganization(o.Name); err != nil {
		return f, o, err
	}
	o.Entries, err = policy.ParseEntries(policy.Org, f.Domains)
	return f, o, err
}

func (s *handlers) addOrg(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	f, o, err := readOrg(r)
	if err != nil {
		f.Error = err.Error()
		return s.showOrgs(w, r, c, http.StatusUnprocessableEntity, 0, f)
	}
	h := s.As(c)
	if _, err := h.AddOrganizations(r.Context(), o); err != nil {
		return err
	}
	return s.back(w, r, "/organizations", did("added", h))
}

// changeOrg saves the form of one, or removes it.
func (s *handlers) changeOrg(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	if err := readForm(r); err != nil {
		return err
	}
	id, err := httpd.PathID(r)
	if err != nil {
		return err
	}
	h := s.As(c)
	if r.PostForm.Get("do") == "remove" {
		if err := h.RemoveOrganization(r.Context(), id); err != nil {
			return err
		}
		return s.back(w, r, "/organizations", did("removed", h))
	}
	f, o, err := readOrg(r)
	if err == nil {
		err = h.SetOrganization(r.Context(), id, o)
		if err != nil && !errors.Is(err, store.ErrExists) {
			return err
		}
	}
	if err != nil {
		f.Error = err.Error()
		return s.showOrgs(w, r, c, http.StatusUnprocessableEntity, id, f)
	}
	return s.back(w, r, "/organizations", did("saved", h))
}
