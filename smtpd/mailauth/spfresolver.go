package mailauth

import (
	"context"
	"net"
)

// spfResolver is what SPF asks: for names that macros make, too.
type spfResolver struct{ *cache }

func (s spfResolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := s.named(ctx, txt, name, macroName)
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
