package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"gatepost/httpd"
)

// openAPIText is what the description of the API (OpenAPI 3.1) has beside the operations: a test
// holds its schemas against what is answered.
//
//go:embed openapi.json
var openAPIText []byte

func (s *handlers) descriptionOperations() []operation {
	return tagged("operations", []operation{
		{pattern: "GET " + httpd.OpenAPIPath, role: httpd.Anybody, handler: s.openAPI,
			id: "openapi", summary: "This description",
			gives: answer{http.StatusOK, "this description", "application/json", schema{"type": "object"}},
			fails: []int{http.StatusForbidden}},
	})
}

// description is what /openapi.json answers.
func (s *handlers) description() ([]byte, error) {
	var all struct {
		OpenAPI    string            `json:"openapi"`
		Info       schema            `json:"info"`
		Servers    []schema          `json:"servers"`
		Security   []schema          `json:"security"`
		Paths      map[string]schema `json:"paths"` // those of httpd: a test holds them against it
		Components schema            `json:"components"`
	}
	if err := json.Unmarshal(openAPIText, &all); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	for _, o := range s.operations() {
		method, path, _ := strings.Cut(o.pattern, " ")
		if all.Paths[path] == nil {
			all.Paths[path] = schema{}
		}
		all.Paths[path][strings.ToLower(method)] = o.describe()
	}
	return json.MarshalIndent(all, "", " ")
}

func (s *handlers) openAPI(w http.ResponseWriter, _ *http.Request, _ httpd.Caller) error {
	text, err := s.described()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(text)
	return err
}
