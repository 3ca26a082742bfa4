package api

import (
	_ "embed"
	"net/http"

	"gatepost/httpd"
)

// openAPIText describes the API (OpenAPI 3.1). A test holds it against the routes.
//
//go:embed openapi.json
var openAPIText []byte

func (s *handlers) openAPI(w http.ResponseWriter, _ *http.Request, _ httpd.Caller) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPIText)
	return err
}
