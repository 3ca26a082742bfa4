package main

import (
	"errors"
	"strings"
	"testing"

	"gatepost/settings"
)

// TestEveryKindIsCarried: what the settings take as a kind, something carries to.
func TestEveryKindIsCarried(t *testing.T) {
	for _, kind := range settings.HandoffKinds() {
		m := &maker{Handoff: &settings.Handoff{Kind: kind}}
		c, err := m.carrier()
		if err == nil {
			err = errors.Join(err, c.Close())
		}
		if err != nil && strings.Contains(err.Error(), "is none") {
			t.Errorf("nothing carries to a target of the kind %s: %v", kind, err)
		}
	}
}
