package main

import (
	"os"
	"os/user"
	"strconv"

	"gatepost/store"
)

// editor is what changes the database in the name of whoever runs us.
func (a *app) editor(db *store.DB) *store.Editor { return db.By(a.actor()) }

// actor is who runs us, as the audit log names it. Where the commands run as a user of their
// own, sudo says who the person is.
func (a *app) actor() store.Actor {
	name := machineUser()
	if person := a.getenv("SUDO_USER"); person != "" && person != name {
		name = person + " as " + name
	}
	return store.Actor{Name: name, Via: "cli"}
}

// machineUser is the name of the user of this machine that runs us, or its number where it
// has no name, as in a container.
func machineUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
