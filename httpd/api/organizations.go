package api

import (
	"errors"
	"net/http"
	"strings"

	"gatepost/httpd"
	"gatepost/policy"
	"gatepost/store"
	"gatepost/trial"
)

// An organization is one as the vendor shows it. What we do not have is as it is there when
// nobody has set it.
type organization struct {
	ID             int64    `json:"id"`
	URL            string   `json:"url"`
	Name           string   `json:"name"`
	DomainNames    []string `json:"domain_names"`
	SharedTickets  bool     `json:"shared_tickets"`
	SharedComments bool     `json:"shared_comments"`
	ExternalID     *string  `json:"external_id"`
	GroupID        *int64   `json:"group_id"`
	Details        *string  `json:"details"`
	Notes          *string  `json:"notes"`
	Tags           []string `json:"tags"`
	CreatedAt      stamp    `json:"created_at"`
	UpdatedAt      stamp    `json:"updated_at"`
}

func (s *handlers) organizationOperations() []operation {
	return tagged("organizations", []operation{
		{pattern: "GET /api/v2/organizations", role: httpd.Admin, handler: s.listOrganizations,
			id:      "listOrganizations",
			summary: "Organisations by name, whose domains count as allowed",
			takes:   pageParameters(),
			gives:   answers("a page of organisations", pageOf("organizations", "Organization"))},
		{pattern: "POST /api/v2/organizations", role: httpd.Admin, handler: s.addOrganization,
			id: "createOrganization", summary: "Make an organisation",
			sends: fields{"organization": "OrganizationChange"},
			gives: creates("the organisation",
				fields{"organization": "Organization", "findings": "[]Finding: what is odd about what it has"})},
		{pattern: "GET /api/v2/organizations/{id}", role: httpd.Admin, handler: s.showOrganization,
			id: "showOrganization", summary: "One organisation",
			gives: answers("the organisation", fields{"organization": "Organization"})},
		{pattern: "PUT /api/v2/organizations/{id}",
			role: httpd.Admin, handler: s.changeOrganization,
			id:      "updateOrganization",
			summary: "Change name or domains of an organisation; what is not said stays",
			sends:   fields{"organization": "OrganizationChange"},
			gives: answers("the organisation",
				fields{"organization": "Organization", "findings": "[]Finding: what is odd about what it has"})},
		{pattern: "DELETE /api/v2/organizations/{id}",
			role: httpd.Admin, handler: s.removeOrganization,
			id: "deleteOrganization", summary: "Remove an organisation with what it has",
			gives: answersNothing("removed")},
	})
}

func (s *handlers) organization(r *http.Request, o store.Organization) organization {
	return organization{ID: o.ID, URL: s.apiURL(r, "organizations", o.ID), Name: o.Name,
		DomainNames: o.Domains, Tags: []string{}, CreatedAt: stamp(o.CreatedAt),
		UpdatedAt: stamp(o.UpdatedAt)}
}

func (s *handlers) listOrganizations(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	p, err := readPaging(r.URL.Query())
	if err != nil {
		return err
	}
	found, err := turn(p, func(pr store.PageRequest) (store.Page[store.Organization], error) {
		return s.DB.OrganizationPage(r.Context(), pr)
	})
	if err != nil {
		return err
	}
	records := make([]organization, len(found.Items))
	for i, o := range found.Items {
		records[i] = s.organization(r, o)
	}
	b, err := pageBody(s, r, "organizations", records, p, found, func() (int64, error) {
		return s.DB.CountOrganizations(r.Context())
	})
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, b)
}

func (s *handlers) theOrganization(r *http.Request) (store.Organization, error) {
	id, err := httpd.PathID(r)
	if err != nil {
		return store.Organization{}, err
	}
	return s.DB.Organization(r.Context(), id)
}

func (s *handlers) showOrganization(w http.ResponseWriter, r *http.Request, _ httpd.Caller) error {
	o, err := s.theOrganization(r)
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, http.StatusOK, body{"organization": s.organization(r, o)})
}

// An orgChange is what may be said of an organisation; what is not said stays as it is.
type orgChange struct {
	Name        *string   `json:"name"`
	DomainNames *[]string `json:"domain_names"` // in the place of those it has
}

// readOrganization reads and checks a change of an organisation, the zero one for a new one.
func readOrganization(r *http.Request, was store.Organization) (o store.NewOrganization, err error) {
	var in struct {
		Organization *orgChange `json:"organization"`
	}
	if err := readJSON(r, &in); err != nil {
		return o, err
	}
	if in.Organization == nil {
		return o, httpd.Invalid("organization", "say what it is: {\"organization\": {…}}")
	}
	o.Name = was.Name
	if in.Organization.Name != nil {
		o.Name = *in.Organization.Name
	}
	if err := store.CheckOrganization(o.Name); err != nil {
		return o, httpd.Invalid("name", "%s", err)
	}
	domains := was.Domains
	if in.Organization.DomainNames != nil {
		domains = *in.Organization.DomainNames
	}
	o.Entries, err = policy.ParseEntries(policy.Org, strings.Join(domains, " "))
	return o, inField("domain_names", err)
}

// addOrganization makes one that is not there: to add to one is to change it.
func (s *handlers) addOrganization(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	n, err := readOrganization(r, store.Organization{})
	if err != nil {
		return err
	}
	_, err = s.DB.OrganizationNamed(r.Context(), n.Name)
	if err == nil {
		return nameTaken(n.Name, store.ErrExists)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := s.As(c).AddOrganizations(r.Context(), n); err != nil {
		return err
	}
	o, err := s.DB.OrganizationNamed(r.Context(), n.Name)
	if err != nil {
		return err
	}
	w.Header().Set("Location", s.apiURL(r, "organizations", o.ID))
	return s.answerOrganization(w, r, http.StatusCreated, o, n)
}

func (s *handlers) changeOrganization(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	o, err := s.theOrganization(r)
	if err != nil {
		return err
	}
	n, err := readOrganization(r, o)
	if err != nil {
		return err
	}
	if err := s.As(c).SetOrganization(r.Context(), o.ID, n); err != nil {
		return nameTaken(n.Name, err)
	}
	if o, err = s.DB.Organization(r.Context(), o.ID); err != nil {
		return err
	}
	return s.answerOrganization(w, r, http.StatusOK, o, n)
}

func nameTaken(name string, err error) error {
	if errors.Is(err, store.ErrExists) {
		return httpd.Refusal("name", []httpd.Detail{{Error: "DuplicateValue",
			Description: "Name: " + name + " has already been taken"}})
	}
	return err
}

// answerOrganization shows an organisation, and what is odd about what it was given.
func (s *handlers) answerOrganization(w http.ResponseWriter, r *http.Request, status int,
	o store.Organization, n store.NewOrganization) error {
	findings, err := s.findingsAround(r, trial.Of(n.Name, n.Entries))
	if err != nil {
		return err
	}
	return httpd.AnswerJSON(w, status, body{"organization": s.organization(r, o),
		"findings": findings})
}

func (s *handlers) removeOrganization(w http.ResponseWriter, r *http.Request, c httpd.Caller) error {
	o, err := s.theOrganization(r)
	if err != nil {
		return err
	}
	if err := s.As(c).RemoveOrganization(r.Context(), o.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
