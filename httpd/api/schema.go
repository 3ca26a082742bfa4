package api

import (
	"slices"
	"strconv"
	"strings"
)

// A schema is one of JSON Schema, as OpenAPI 3.1 has it.
type schema map[string]any

// fields are those of an object, each as schemaOf reads it. A name that ends with ! is always there.
type fields map[string]any

// schemaOf is a schema, that of fields, or that of a notation: string, boolean, integer, int64,
// uint64, time, the name of a schema of openapi.json, a|b for one of these words, 1..100 for a
// number between these. In front [] makes it a list, behind ? lets it be null; what follows a
// colon and a space describes it. It panics at what is nothing of these.
func schemaOf(what any) schema {
	switch what := what.(type) {
	case schema:
		return what
	case fields:
		return what.schema()
	}
	kind, says, _ := strings.Cut(what.(string), ": ")
	s := schemaOfKind(kind)
	if says != "" {
		s["description"] = says
	}
	return s
}

func schemaOfKind(kind string) schema {
	if item, isList := strings.CutPrefix(kind, "[]"); isList {
		return schema{"type": "array", "items": schemaOfKind(item)}
	}
	if kind, nullable := strings.CutSuffix(kind, "?"); nullable {
		s := schemaOfKind(kind)
		s["type"] = []any{s["type"], "null"}
		return s
	}
	if least, most, isRange := strings.Cut(kind, ".."); isRange {
		s := schema{"type": "integer"}
		s["minimum"], _ = strconv.Atoi(least)
		if s["format"] = "int64"; most != "" {
			s["maximum"], _ = strconv.Atoi(most)
		}
		return s
	}
	if strings.Contains(kind, "|") {
		return schema{"type": "string", "enum": strings.Split(strings.Trim(kind, "|"), "|")}
	}
	switch kind {
	case "string", "boolean", "integer":
		return schema{"type": kind}
	case "int64":
		return schema{"type": "integer", "format": kind}
	case "uint64":
		return schema{"type": "integer", "format": "int64", "minimum": 0}
	case "time":
		return schema{"type": "string", "format": "date-time"}
	}
	return refTo("schemas", kind)
}

func refTo(what, name string) schema { return schema{"$ref": "#/components/" + what + "/" + name} }

func (f fields) schema() schema {
	properties, required := schema{}, []string{}
	for name, what := range f {
		name, always := strings.CutSuffix(name, "!")
		if always {
			required = append(required, name)
		}
		properties[name] = schemaOf(what)
	}
	s := schema{"type": "object", "properties": properties}
	if slices.Sort(required); len(required) > 0 {
		s["required"] = required
	}
	return s
}

// and is a schema of openapi.json with more fields.
func and(name string, more fields) schema {
	return schema{"allOf": []schema{schemaOf(name), more.schema()}}
}

func pageOf(name, kind string) schema { return and("Page", fields{name: "[]" + kind}) }
