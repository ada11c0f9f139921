package arch_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// outside are the standard packages that the core does without, with all below.
var outside = []string{"os", "net", "database/sql", "log", "math/rand", "crypto/rand"}

// corePurity keeps clocks, chance and input-output out of the core. net/netip
// is a pure value type.
func corePurity(tr tree) (findings []string) {
	for _, p := range tr.packages("domain", "application") {
		p.eachImport(func(name, where string) {
			banned := slices.ContainsFunc(outside, func(o string) bool { return within(name, o) }) && name != "net/netip"
			if banned || name == "context" && within(p.path, "domain") {
				findings = append(findings, fmt.Sprintf("%s%s has no place in %s", where, name, p.path))
			}
		})
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Now", "Since", "Until"}, s.Sel.Name) {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && x.Obj == nil {
						findings = append(findings, f.position(s)+"time."+s.Sel.Name+": the core is told the time")
					}
				}
				if s, ok := n.(*ast.ImportSpec); ok && s.Path.Value == `"time"` && s.Name != nil {
					findings = append(findings, f.position(s)+"time under another name")
				}
				return true
			})
		}
	}
	return findings
}

// coreTags keeps encodings out of the core.
func coreTags(tr tree) (findings []string) {
	for _, p := range tr.packages("domain", "application") {
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				if field, ok := n.(*ast.Field); ok && field.Tag != nil {
					findings = append(findings, f.position(field)+"struct tag "+field.Tag.Value)
				}
				return true
			})
		}
	}
	return findings
}

// statusWords are how a message begins that was written for HTTP.
var statusWords = regexp.MustCompile(`^[1-5]\d\d `)

// coreStatuses keeps HTTP's statuses out of the core's messages: the core says
// kind and reason, and each caller's dialect says the status.
func coreStatuses(tr tree) (findings []string) {
	for _, p := range tr.packages("domain", "application") {
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				x, ok := n.(ast.Expr)
				if !ok {
					return true
				}
				text, _ := leading(x)
				if !statusWords.MatchString(text) {
					return true
				}
				findings = append(findings, fmt.Sprintf("%sstatus words %q", f.position(x), text))
				return false // its parts are the same finding
			})
		}
	}
	return findings
}

// leading returns the text with which a literal, or a sum that begins with
// literals, begins. Whole says that nothing follows.
func leading(x ast.Expr) (text string, whole bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, x.Kind == token.STRING && err == nil
	case *ast.ParenExpr:
		return leading(x.X)
	case *ast.BinaryExpr:
		left, whole := leading(x.X)
		if !whole {
			return left, false
		}
		right, whole := leading(x.Y)
		return left + right, whole
	}
	return "", false
}

// smallInterfaces keeps ports to what one consumer asks.
func smallInterfaces(tr tree) (findings []string) {
	const most = 5
	for _, p := range tr.packages("application") {
		declared := map[string]*ast.InterfaceType{}
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok {
					if i, ok := spec.Type.(*ast.InterfaceType); ok {
						declared[spec.Name.Name] = i
					}
				}
				return true
			})
		}
		var methods func(i *ast.InterfaceType) int
		methods = func(i *ast.InterfaceType) (n int) {
			for _, m := range i.Methods.List {
				id, embeds := m.Type.(*ast.Ident)
				switch {
				case len(m.Names) > 0:
					n += len(m.Names)
				case embeds && declared[id.Name] != nil:
					n += methods(declared[id.Name])
				default: // from elsewhere, or a constraint
					n++
				}
			}
			return n
		}
		for _, f := range p.sources() {
			ast.Inspect(f.File, func(n ast.Node) bool {
				if i, ok := n.(*ast.InterfaceType); ok && methods(i) > most {
					findings = append(findings, fmt.Sprintf("%san interface of %d methods, at most %d", f.position(i), methods(i), most))
				}
				return true
			})
		}
	}
	return findings
}

// shortFiles keeps files to what can be read at one sitting.
func shortFiles(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		for _, f := range p.files {
			most := 400
			if f.test {
				most = 800
			}
			if f.lines > most && !ast.IsGenerated(f.File) {
				findings = append(findings, fmt.Sprintf("%s: %d lines, at most %d", f.path, f.lines, most))
			}
		}
	}
	return findings
}

// empty are names that say nothing of what a package answers.
var empty = strings.Fields("util common helper shared base core types models dto mapper interfaces impl mocks")

// packageNames makes a name enough to find a package.
func packageNames(tr tree) (findings []string) {
	seen := map[string]string{}
	for _, p := range tr.packages() {
		switch other := seen[p.name]; {
		case p.name == "main":
			if !within(p.path, "cmd") && !within(p.path, "tests") {
				findings = append(findings, p.path+": a program outside cmd")
			}
		case slices.Contains(empty, p.name):
			findings = append(findings, fmt.Sprintf("%s: %q says nothing", p.path, p.name))
		case p.name != path.Base(p.path):
			findings = append(findings, fmt.Sprintf("%s: package %q does not equal its folder", p.path, p.name))
		case other != "":
			findings = append(findings, fmt.Sprintf("%s: there is a package %q in %s too", p.path, p.name, other))
		}
		seen[p.name] = p.path
	}
	return findings
}

// packageComments wants one comment that says which question a package answers.
func packageComments(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		files := p.sources()
		if len(files) == 0 { // a package of tests, or a generated one
			files = p.files
		}
		want := "Package " + p.name
		if p.name == "main" {
			want = "Command " + path.Base(p.path)
		}
		if !slices.ContainsFunc(files, func(f *file) bool { return ast.IsGenerated(f.File) || begins(f.Doc, want) }) {
			findings = append(findings, fmt.Sprintf("%s: no comment that begins %q", p.path, want))
		}
	}
	return findings
}

// comments wants one for every exported name; it begins with the name. In a
// group of constants or variables the group's comment will do.
func comments(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		for _, f := range p.sources() {
			want := func(node ast.Node, id *ast.Ident, doc *ast.CommentGroup) {
				if id.IsExported() && !begins(doc, id.Name) {
					findings = append(findings, fmt.Sprintf("%sno comment that begins %q", f.position(node), id.Name))
				}
			}
			for _, decl := range f.Decls {
				switch d := decl.(type) {
				case *ast.FuncDecl:
					if d.Recv == nil || receiver(d.Recv.List[0].Type).IsExported() {
						want(d, d.Name, d.Doc)
					}
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						switch s := spec.(type) {
						case *ast.TypeSpec:
							want(s, s.Name, either(s.Doc, d.Doc, !d.Lparen.IsValid()))
							if i, ok := s.Type.(*ast.InterfaceType); ok && s.Name.IsExported() {
								for _, m := range i.Methods.List {
									for _, name := range m.Names {
										want(m, name, m.Doc)
									}
								}
							}
						case *ast.ValueSpec:
							if d.Lparen.IsValid() && d.Doc != nil && s.Doc == nil || s.Comment != nil {
								continue
							}
							for _, name := range s.Names {
								want(s, name, either(s.Doc, d.Doc, !d.Lparen.IsValid()))
							}
						}
					}
				}
			}
		}
	}
	return findings
}

// either returns the comment of a declaration or, if alone, that of its keyword.
func either(spec, decl *ast.CommentGroup, alone bool) *ast.CommentGroup {
	if spec == nil && alone {
		return decl
	}
	return spec
}

// receiver returns the name of a method's type.
func receiver(x ast.Expr) *ast.Ident {
	for {
		switch t := x.(type) {
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		case *ast.ParenExpr:
			x = t.X
		case *ast.Ident:
			return t
		default:
			return ast.NewIdent("_")
		}
	}
}

// begins says whether a comment's first words are want.
func begins(doc *ast.CommentGroup, want string) bool {
	rest, ok := strings.CutPrefix(doc.Text(), want)
	next, _ := utf8.DecodeRuneInString(rest)
	return ok && !unicode.IsLetter(next) && !unicode.IsDigit(next)
}
