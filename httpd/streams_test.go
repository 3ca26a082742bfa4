package httpd

import "testing"

// TestTooManyStreams: a profile has some, and no more.
func TestTooManyStreams(t *testing.T) {
	st := newStreams()
	for range maxPerOwner {
		if !st.take(1) {
			t.Fatal("refused")
		}
	}
	if st.take(1) || !st.take(2) {
		t.Error("the limit is not one of each profile")
	}
	st.leave(1)
	if !st.take(1) {
		t.Error("a stream that was left still counts")
	}
}
