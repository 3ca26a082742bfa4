// Package docs holds the documentation, and gives to the program the part that it has in it: a
// page for each cause.
package docs

import "embed"

//go:embed causes/*.md
var causes embed.FS

// Cause is the page about the cause of that name, in Markdown; ok is false if there is none.
func Cause(name string) (page string, ok bool) {
	text, err := causes.ReadFile("causes/" + name + ".md")
	return string(text), err == nil
}
