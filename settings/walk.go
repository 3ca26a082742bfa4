package settings

import (
	"encoding"
	"maps"
	"reflect"
	"slices"

	"gatepost/policy"
)

// oldNames are those that settings had before. They are read, and warned of.
var oldNames = map[string]string{"rate.per_hour": "loop.per_hour"}

// eachName visits every setting by its name, and before that by its old one, if it has one.
func (s *Settings) eachName(visit func(name, key string, v reflect.Value)) {
	s.Each(func(key string, v reflect.Value) {
		if old := oldNames[key]; old != "" {
			visit(old, key, v)
		}
		visit(key, key, v)
	})
}

// Each visits every setting in the order of Settings.
func (s *Settings) Each(visit func(key string, v reflect.Value)) {
	walk("", reflect.ValueOf(s).Elem(), visit)
}

func walk(prefix string, v reflect.Value, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("toml")
		switch field := v.Field(i); {
		case field.Type() == reflect.TypeFor[Switches]():
			walkCauses(prefix, field, visit)
		case field.Type() == reflect.TypeFor[Handoffs]():
			handoffs := field.Interface().(Handoffs)
			for _, target := range slices.Sorted(maps.Keys(handoffs)) {
				walk(prefix+name+"."+target+".", reflect.ValueOf(handoffs[target]).Elem(), visit)
			}
		case name == "":
		case field.Kind() == reflect.Struct:
			walk(prefix+name+".", field, visit)
		default:
			visit(prefix+name, field)
		}
	}
}

// walkCauses visits the switches in the order of the causes.
func walkCauses(prefix string, on reflect.Value, visit func(string, reflect.Value)) {
	for c := range policy.EachCause() {
		if c.HasSwitch() {
			visit(prefix+c.String(), on.Index(int(c)))
		}
	}
}

// assign sets one setting from text, as flags and the environment have it.
func assign(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	v.SetString(text)
	return nil
}
