package remediation

import (
	"context"
	"errors"
	"fmt"
	"os"

	core "k8s.io/api/core/v1" // want: importas
)

// Undone plants a context of its own.
func Undone() context.Context { return context.TODO() } // want: forbidigo

// Print plants output that no log collector parses.
func Print(pod core.Pod) {
	fmt.Printf("%d\n", pod.Name) // want: forbidigo, govet, staticcheck
}

// Close plants an error that nobody reads.
func Close(file *os.File) {
	file.Close() // want: errcheck
}

// Assign plants a value that nobody reads.
func Assign() error {
	err := errors.New("first") // want: ineffassign, staticcheck
	err = errors.New("second")
	return err
}

func forgotten() {} // want: unused

// Undotted plants a comment without its period // want: godot
func Undotted() {}

func Undocumented() {} // want: revive

// Excuse plants an exception without a reason.
func Excuse() context.Context {
	return context.TODO() //nolint:forbidigo
	// want above: nolintlint
}

// Excused is an exception that names its rule and its reason.
func Excused() context.Context {
	return context.TODO() //nolint:forbidigo // the reason stands here
}

// Misspelt plants a word that is not one.
func Misspelt() {
	// recieve // want: misspell
}
