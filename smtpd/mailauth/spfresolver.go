package mailauth

import (
	"context"
	"fmt"
	"net"
)

// spfResolver is what SPF asks: for names that macros make, too, and for records as a whole.
// The library reads a record no further than to the term that decides, and takes some terms
// that are none; a syntax error anywhere is a permerror (RFC 7208, section 4.6).
type spfResolver struct{ *cache }

// LookupTXT fails for good where an SPF record is broken: the library makes a permerror of
// that, for the domain itself as for one that is included or redirected to.
func (s spfResolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := s.named(ctx, txt, name, macroName)
	for _, text := range a.texts {
		if err := checkSPF(text); err != nil {
			return nil, fmt.Errorf("the SPF record of %s: %w", name, err)
		}
	}
	return a.texts, err
}

func (s spfResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := s.named(ctx, mx, name, macroName)
	return a.exchanges, err
}

func (s spfResolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	a, err := s.named(ctx, address, host, macroName)
	return a.addresses, err
}
