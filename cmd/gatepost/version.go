package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// A release is what this binary was built from.
type release struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version of this program", Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			r := built()
			if a.json {
				return a.printJSON(r)
			}
			return a.print("gatepost %s %s", r.Version, r.Go)
		},
	}
}

// built reads what the go command wrote into the binary.
func built() release {
	r := release{Version: "devel", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		r.Version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			r.Revision = s.Value
		}
	}
	return r
}
