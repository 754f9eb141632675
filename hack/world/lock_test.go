package world

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAFolderIsOfOneWorldUntilThatEnds(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	unlock, err := Lock(folder)
	g.Expect(err).NotTo(HaveOccurred())

	_, err = Lock(folder)
	g.Expect(err).To(MatchError(fmt.Sprintf("the world of process %d runs already, in %s: use that one, or end it with Ctrl-C in its terminal", os.Getpid(), folder)))

	unlock()
	unlock, err = Lock(folder)
	g.Expect(err).NotTo(HaveOccurred())
	unlock()
}

// A process that was killed leaves its number in the file, and no lock.
func TestAProcessThatDiedHoldsNoFolder(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(folder, "lock"), []byte("1\n"), 0o644)).To(Succeed())
	unlock, err := Lock(folder)
	g.Expect(err).NotTo(HaveOccurred())
	defer unlock()
	g.Expect(os.ReadFile(filepath.Join(folder, "lock"))).To(BeEquivalentTo(fmt.Sprintln(os.Getpid())))
}

func TestEveryWorldHasALogOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	first, err := FreeLog(folder, "demo")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(first).To(Equal(filepath.Join(folder, "demo.log")))
	file, err := take(first)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(FreeLog(folder, "demo")).To(Equal(filepath.Join(folder, "demo-2.log")))
	_, err = logTo(first)
	g.Expect(err).To(MatchError(ContainSubstring("another world writes its log to " + first)))

	g.Expect(file.Close()).To(Succeed())
	g.Expect(FreeLog(folder, "demo")).To(Equal(first), "it is over")
}
