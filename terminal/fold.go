package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Fold lays out Markdown of headings, lists of one level and paragraphs: each is broken between
// words, into lines of at most so many columns. A longer word has a line of its own.
func Fold(text string, width int) string {
	var b strings.Builder
	var words []string
	end := func() {
		foldWords(&b, words, width)
		words = nil
	}
	for line := range strings.Lines(text) {
		own, heading := strings.Fields(line), strings.HasPrefix(line, "#")
		if len(own) == 0 || own[0] == "-" || heading {
			end()
		}
		words = append(words, own...)
		if heading {
			end()
		}
		if len(own) == 0 {
			b.WriteByte('\n')
		}
	}
	end()
	return b.String()
}

// foldWords writes a heading, an item of a list or a paragraph, if there is one.
func foldWords(b *strings.Builder, words []string, width int) {
	column := 0
	for i, word := range words {
		wide := ansi.StringWidth(word)
		switch {
		case i == 0:
		case column+1+wide > width:
			b.WriteByte('\n')
			column = 0
			if words[0] == "-" {
				b.WriteString("  ")
				column = 2
			}
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += wide
	}
	if len(words) > 0 {
		b.WriteByte('\n')
	}
}
