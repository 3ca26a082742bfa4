package httpd

import (
	_ "embed"
	"net/http"
)

// openAPIText describes the API (OpenAPI 3.1). A test holds it against the routes.
//
//go:embed openapi.json
var openAPIText []byte

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request, _ Caller) error {
	w.Header().Set("Content-Type", "application/json")
	_, err := w.Write(openAPIText)
	return err
}
