package api

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"gatepost/httpd"
)

// An operation is a route of the API, and what /openapi.json says of it beside what follows from
// its pattern and its role.
type operation struct {
	pattern string // of http.ServeMux, with its method
	role    httpd.MinRole
	handler httpd.Handler
	id      string // for generated clients, which name a function after it
	summary string
	takes   []parameter // in the query, and what of the path has a meaning of its own
	sends   any         // the body in JSON, as schemaOf reads it; nil if it needs none
	gives   answer
	bare    bool   // what it sends may be left out
	fails   []int  // with what else than who is not let in, is not found or sends what is wrong
	meets   string // what a conflict (409) is, if it is not that somebody made a change since
	tag     string // see tagged
}

// tagged are operations on one kind of thing.
func tagged(tag string, all []operation) []operation {
	for i := range all {
		all[i].tag = tag
	}
	return all
}

func (o operation) route() httpd.Route { return httpd.NewRoute(o.pattern, o.role, o.handler) }

// An answer is what comes back if all goes well.
type answer struct {
	status int
	says   string
	media  string
	body   schema // nil: there is none
}

func answers(says string, body any) answer {
	return answer{http.StatusOK, says, "application/json", schemaOf(body)}
}

func creates(says string, body any) answer {
	return answer{http.StatusCreated, says, "application/json", schemaOf(body)}
}

func answersText(says, media string) answer {
	return answer{http.StatusOK, says, media, schemaOf("string")}
}

func answersFile(says, media string) answer {
	return answer{http.StatusOK, says, media, schema{"type": "string", "format": "binary"}}
}

func answersNothing(says string) answer { return answer{status: http.StatusNoContent, says: says} }

// A parameter stands in a path or in a query.
type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
	Says     string `json:"description"`
	Schema   schema `json:"schema"`
}

// may is a parameter of a query that may be left out, must one that may not.
func may(name, kind, says string) parameter {
	return parameter{name, "query", false, says, schemaOf(kind)}
}

func must(name, kind, says string) parameter {
	return parameter{name, "query", true, says, schemaOf(kind)}
}

func inPath(name, kind, says string) parameter {
	return parameter{name, "path", true, says, schemaOf(kind)}
}

// pathParameters are what stands in braces in a pattern, as it is described if an operation does
// not say otherwise.
func pathParameters() []parameter {
	return []parameter{inPath("id", "int64", "the id of the record"),
		inPath("number", "1..", "which attachment, from 1"),
		inPath("list", "allow|block", "which list"),
		inPath("name", "string", "the name of the target")}
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

// parameters are those of the path, then those of the query.
func (o operation) parameters() (all []parameter) {
	for _, braced := range braces.FindAllStringSubmatch(o.pattern, -1) {
		for _, p := range append(o.takes, pathParameters()...) {
			if p.Name == braced[1] && p.In == "path" {
				all = append(all, p)
				break
			}
		}
	}
	for _, p := range o.takes {
		if p.In == "query" {
			all = append(all, p)
		}
	}
	return all
}

// describe is what OpenAPI has below a path and a method.
func (o operation) describe() schema {
	d := schema{"operationId": o.id, "tags": []string{o.tag}, "summary": o.summary,
		"x-role": o.role.String(), "parameters": o.parameters(), "responses": o.responses()}
	if o.role == httpd.Anybody {
		d["security"] = []any{}
	}
	if o.sends != nil {
		d["requestBody"] = schema{"required": !o.bare, "content": inJSON(schemaOf(o.sends))}
	}
	return d
}

// responses are what it gives, and how it can fail: who it is for, and what can be wrong about
// a request, say most of that.
func (o operation) responses() schema {
	ok := schema{"description": o.gives.says}
	if o.gives.body != nil {
		ok["content"] = schema{o.gives.media: schema{"schema": o.gives.body}}
	}
	fails := o.fails
	if o.role != httpd.Anybody {
		fails = append(fails, http.StatusUnauthorized, http.StatusForbidden)
		if o.sends != nil || len(o.parameters()) > strings.Count(o.pattern, "{") {
			fails = append(fails, http.StatusUnprocessableEntity)
		}
	}
	if strings.Contains(o.pattern, "{") {
		fails = append(fails, http.StatusNotFound)
	}
	all := schema{strconv.Itoa(o.gives.status): ok}
	for _, status := range fails {
		all[strconv.Itoa(status)] = refTo("responses", map[int]string{
			http.StatusUnauthorized: "Unknown", http.StatusForbidden: "Refused",
			http.StatusNotFound: "NotFound", http.StatusConflict: "Changed",
			http.StatusUnprocessableEntity: "Invalid", http.StatusServiceUnavailable: "Busy",
		}[status])
	}
	if o.meets != "" {
		all["409"] = schema{"description": o.meets, "content": inJSON(schemaOf("Error"))}
	}
	return all
}

func inJSON(body schema) schema { return schema{"application/json": schema{"schema": body}} }
