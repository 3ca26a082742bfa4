package policy

import "fmt"

// A Role is what a profile may do.
type Role uint8

const (
	EndUser Role = iota
	Agent
	Admin
)

var roles = [...]string{EndUser: "end-user", Agent: "agent", Admin: "admin"}

// String is the role as the command line and the API name it.
func (r Role) String() string {
	if int(r) < len(roles) {
		return roles[r]
	}
	return roles[EndUser]
}

// ParseRole is the role of that name.
func ParseRole(name string) (Role, error) {
	for r, known := range roles {
		if name == known {
			return Role(r), nil
		}
	}
	return EndUser, fmt.Errorf("%q is not a role: write end-user, agent or admin", name)
}
