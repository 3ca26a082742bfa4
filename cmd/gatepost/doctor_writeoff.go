package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"gatepost/store"
)

func newDoctorWriteOff(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "write-off missing|excess N",
		Short: "take a difference of the conservation of mail down as understood",
		Long: "Takes a difference that doctor tells of, and whose cause you know, down as understood:\n" +
			"messages that are missing count as lost, those in excess as accepted. It is in the audit\n" +
			"log. N is how many, and nothing changes if it is another number.",
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.writeOff(cmd.Context(), args[0], args[1])
		},
	}
	a.yesFlag(cmd)
	return cmd
}

func (a *app) writeOff(ctx context.Context, kind, number string) error {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= 0 || kind != "missing" && kind != "excess" {
		return misuse("%s %s: say missing or excess, and how many, as `gatepost doctor` tells", kind,
			number)
	}
	if err := a.confirm("take " + count(int(n), "message", "messages") + " " +
		map[string]string{"missing": "that are missing down as lost",
			"excess": "in excess down as accepted"}[kind]); err != nil {
		return err
	}
	if kind == "excess" {
		n = -n
	}
	db, err := a.openDB(ctx, false)
	if err != nil {
		return err
	}
	b, err := a.editor(db).WriteOff(ctx, n)
	if errors.Is(err, store.ErrBalanced) {
		err = no("nothing was changed: %v", err)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(b)
	}
	return a.print("%s", b)
}
