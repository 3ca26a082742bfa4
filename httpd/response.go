package httpd

import "net/http"

// A response remembers what was answered.
type response struct {
	http.ResponseWriter
	status  int
	octets  int64
	visitor visitor
	quiet   bool // it says nothing worth a line: a probe, a static file
}

// WriteHeader counts once: the first status stands.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	n, err := w.ResponseWriter.Write(b)
	w.octets += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begun reports whether something was answered already.
func (w *response) begun() bool { return w.status != 0 }

func (w *response) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
