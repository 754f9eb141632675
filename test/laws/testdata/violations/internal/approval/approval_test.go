package approval

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Undocumented things and wall time are for tests to have
func TestTime(t *testing.T) {
	g := NewWithT(t)
	fmt.Println(time.Now(), context.Background())
	time.Sleep(time.Millisecond)         // want: forbidigo
	g.Expect(len("a") == 1).To(BeTrue()) // want: ginkgolinter
}

var _ = FIt("is focused", func() {}) // want: ginkgolinter
