package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// sanitised is the document of pages that somebody waits for.
func sanitised(t *testing.T, pages []string, cut bool) string {
	t.Helper()
	page, err := sanitise(t.Context(), pages, cut)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// What an element carries is bounded before it is read for what it means.
func TestAttributesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes the time of many other tests")
	}
	style := func(n int) string { return `<b style="` + strings.Repeat("color:red;", n) + `">x</b>` }
	picture := `<img src="data:image/png;base64,` + strings.Repeat("iVBO", maxAttribute/2) + `">`
	var many strings.Builder
	for i := range maxAttributes {
		fmt.Fprintf(&many, " x%d", i)
	}
	for name, c := range map[string]struct {
		page, part string
		times      int
	}{
		"a style":           {style(maxStyle / 10), "color: red", maxStyle / 10},
		"a long style":      {style(maxStyle/10 + 1), "color: red", 0},
		"many styles":       {strings.Repeat(style(10), 2000), "color: red", maxStyles / 100 * 10},
		"their text":        {strings.Repeat(style(10), 2000), ">x</b>", 2000},
		"a picture":         {picture, "iVBO", maxAttribute / 2},
		"a link":            {`<a href="https://a.example/` + strings.Repeat("x", 1000) + `">x</a>`, "[a.example]", 1},
		"a long link":       {`<a href="https://a.example/` + strings.Repeat("x", maxAttribute) + `">x</a>`, "[a.example]", 0},
		"many attributes":   {`<p` + many.String() + ` align=center>x</p>`, "center", 0},
		"beside a long one": {`<p title="` + strings.Repeat("x", 9000) + `" align=center>x</p>`, `<p align="center">x</p>`, 1},
	} {
		if n := strings.Count(sanitised(t, []string{c.page}, false), c.part); n != c.times {
			t.Errorf("%s: %q %d times, want %d", name, c.part, n, c.times)
		}
	}
}

// Who leaves has nothing rendered any more, whether it was begun or not.
func TestRenderingEndsWithTheRequest(t *testing.T) {
	st := testServer(t)
	st.Stranger("first")
	id := st.Receive("From: Sam <sam@example.net>\r\nContent-Type: text/html\r\n\r\n<b>Hello</b>\r\n")
	l, err := st.Server.Open(t.Context(), id)
	st.Must(err)
	defer l.Close()
	f := newFrames()
	gone, leave := context.WithCancel(t.Context())
	for range maxRenderings {
		f.slots <- struct{}{} // others are at it
	}
	waits := make(chan error)
	go func() {
		_, err := f.of(gone, l)
		waits <- err
	}()
	leave()
	if err := <-waits; !errors.Is(err, context.Canceled) {
		t.Errorf("who waits: %v", err)
	}
	for range maxRenderings {
		<-f.slots
	}
	if page, err := sanitise(gone, []string{"<b>Hello</b>"}, false); page != "" || err == nil {
		t.Errorf("begun: %q, %v", page, err)
	}
	if n := f.made.EstimatedSize(); n != 0 {
		t.Errorf("%d documents are kept", n)
	}
	page, err := f.of(t.Context(), l)
	if err != nil || !strings.Contains(page, "<b>Hello</b>") {
		t.Errorf("%q, %v", page, err)
	}
}

// A message is rendered once, and shown to those only who may see it and as long as it is there.
func TestRenderedOnce(t *testing.T) {
	st, h := testConsole(t)
	st.Stranger("first")
	id := st.Receive("From: Sam <sam@example.net>\r\nContent-Type: text/html\r\n\r\n<b>Hello</b>\r\n")
	b := st.Browser("agent@acme.test")
	path := fmt.Sprintf("/suspended/%d", id)
	first := b.Get(path+"/html", http.StatusOK)
	kept, ok := h.frames.made.GetIfPresent(id)
	if !ok || kept != first {
		t.Errorf("kept: %q", kept)
	}
	for range maxRenderings {
		h.frames.slots <- struct{}{} // what is kept waits for nobody
	}
	b.Says(b.Get(path+"/html", http.StatusOK), "<b>Hello</b>")
	st.Browser("ann@example.com").Get(path+"/html", http.StatusForbidden)
	b.Post(path, http.StatusSeeOther, "do", "recover")
	if w := b.Do(call{Method: "GET", Path: path + "/html", Session: b.Session}); w.Code != 404 {
		t.Errorf("after it was recovered: %d", w.Code)
	}
}
