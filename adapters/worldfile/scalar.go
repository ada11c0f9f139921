package worldfile

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainText matches texts that need no quotes wherever they stand, unless they are
// plainWords.
var plainText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./+=@-]*( [A-Za-z0-9_./+=@-]+)*$`)

// plainWords are texts that some reader of YAML takes for something else, in any letter
// case.
var plainWords = map[string]bool{"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// isWritable says whether a world file can have the text: it is UTF-8 without NUL.
func isWritable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// scalar returns a text as a value of YAML, on one line.
func scalar(text string) string {
	if plainText.MatchString(text) && !plainWords[strings.ToLower(text)] {
		return text
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			out.WriteString(`\` + string(c))
		case c == '\n':
			out.WriteString(`\n`)
		case c == '\t':
			out.WriteString(`\t`)
		case c == '\r':
			out.WriteString(`\r`)
		case unicode.IsPrint(c):
			out.WriteRune(c)
		case c <= 0xff:
			fmt.Fprintf(&out, `\x%02x`, c)
		case c <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, c)
		default:
			fmt.Fprintf(&out, `\U%08x`, c)
		}
	}
	out.WriteByte('"')
	return out.String()
}
