// Verifies a log by other people's code: Go's sumdb/note and sumdb/tlog. Arguments: the address of
// the log, and its key as a note verifier. It prints one line, or fails.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Bytes of one answer.
const answerMax = 1 << 20

var base string

func main() {
	base = os.Args[1]
	verifier := must(note.NewVerifier(os.Args[2]))
	opened := must(note.Open(get("/checkpoint"), note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if lines[0] != verifier.Name() {
		panic("another origin")
	}
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64))}
	copy(tree.Hash[:], must(base64.StdEncoding.DecodeString(lines[2])))

	// Every leaf of the entry bundles is in the tree, by proofs that are made from verified tiles.
	reader := tlog.TileHashReader(tree, tiles{})
	leaves := int64(0)
	for bundle := int64(0); leaves < tree.N; bundle++ {
		width := min(256, tree.N-leaves)
		for data := get("/tile/entries/" + number(bundle, width)); len(data) > 0; leaves++ {
			size := 2 + int(binary.BigEndian.Uint16(data))
			proof := must(tlog.ProveRecord(tree.N, leaves, reader))
			check(tlog.CheckRecord(proof, tree.N, tree.Hash, leaves, tlog.RecordHash(data[2:size])))
			data = data[size:]
		}
	}

	// The service's own proofs, for every earlier size and every leaf.
	for size := int64(1); size <= tree.N; size++ {
		older := must(tlog.TreeHash(size, reader))
		var consistency struct{ Proof []string }
		check(json.Unmarshal(get(fmt.Sprintf("/proof/consistency?from=%d&to=%d", size, tree.N)), &consistency))
		check(tlog.CheckTree(hashes(consistency.Proof), tree.N, tree.Hash, size, older))
		var inclusion struct {
			Leaf  string
			Proof []string
		}
		check(json.Unmarshal(get(fmt.Sprintf("/proof/inclusion?index=%d&size=%d", size-1, tree.N)), &inclusion))
		leaf := hashes([]string{inclusion.Leaf})[0]
		check(tlog.CheckRecord(hashes(inclusion.Proof), tree.N, tree.Hash, size-1, leaf))
	}
	fmt.Printf("verified %d leaves\n", leaves)
}

// tiles reads the hash tiles of the log.
type tiles struct{}

func (tiles) Height() int                         { return 8 }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (tiles) ReadTiles(wanted []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range wanted {
		data = append(data, get(fmt.Sprintf("/tile/%d/%s", tile.L, number(tile.N, int64(tile.W)))))
	}
	return data, nil
}

func number(n, width int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	if width < 256 {
		text += fmt.Sprintf(".p/%d", width)
	}
	return text
}

func get(path string) []byte {
	request := must(http.NewRequest("GET", base+path, nil))
	request.Header.Set("Authorization", "Bearer "+os.Getenv("AMS_CREDENTIAL"))
	answer := must(http.DefaultClient.Do(request))
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		panic(fmt.Sprintf("%s: %s", path, answer.Status))
	}
	return must(io.ReadAll(io.LimitReader(answer.Body, answerMax)))
}

func hashes(texts []string) []tlog.Hash {
	found := make([]tlog.Hash, len(texts))
	for index, text := range texts {
		copy(found[index][:], must(hex.DecodeString(text)))
	}
	return found
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[Value any](value Value, err error) Value {
	check(err)
	return value
}
