package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Ask asks whether to do something. Whatever is no yes, and no answer too, is a no.
func Ask(in io.Reader, out io.Writer, question string) (yes bool, err error) {
	fmt.Fprintf(out, "%s? [y/N] ", Visible(question))
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read the answer: %w", err)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// AskHidden asks for what is not to be seen while it is typed.
func AskHidden(in *os.File, out io.Writer, prompt string) (string, error) {
	fmt.Fprint(out, prompt)
	text, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(out)
	return string(text), err
}
