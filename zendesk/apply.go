package zendesk

import (
	"context"
	"errors"

	"gatepost/policy"
	"gatepost/store"
)

// note stands beside the entries of lists that are moved over.
const note = "moved over from Zendesk"

// Apply makes the changes of a plan. Each part is one transaction and an entry of the audit log;
// if it ends in between, doing it again does the rest. Organisations and lists come last: who is
// to be held is known before anything lets in.
func (p *Plan) Apply(ctx context.Context, h *store.Editor) error {
	if !p.Changes() {
		return nil
	}
	did, err := h.ImportUsers(ctx, p.users)
	if err != nil {
		return err
	}
	p.Users.Admins = orEmpty(did.Admins)
	p.Users.Suspend = did.Suspended
	for _, u := range p.roles {
		if err := h.SetRole(ctx, u.Email, u.Role); err != nil && !errors.Is(err, store.ErrLastAdmin) {
			return err
		}
	}
	if _, err := h.AddRules(ctx, policy.Block, p.Block.entries, store.Life{Note: note}); err != nil {
		return err
	}
	if _, err := h.AddOrganizations(ctx, p.orgs...); err != nil {
		return err
	}
	_, err = h.AddRules(ctx, policy.Allow, p.Allow.entries, store.Life{Note: note})
	return err
}

// Changes reports whether there is anything to apply.
func (p *Plan) Changes() bool {
	return len(p.users)+len(p.roles)+len(p.orgs)+p.Allow.New+p.Block.New > 0
}
