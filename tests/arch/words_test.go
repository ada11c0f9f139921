package arch_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"unicode"
)

// oldNames are names that stood for what has a word of Git's, GitLab's or Go's.
// Nothing may be declared by them, below the package that they are listed for;
// letter case of the first letter does not count.
var oldNames = map[string][]string{
	"": {
		"plot", "plots", "founder", "bracket", "scene", "scenes", "desk", "office", "clerk", "ledger", "registrar", "registry", "registries",
		"keyCard", "station", "mint", "minted", "tally", "intake", "filing", "spoiled", "keeper", "tower", "till", "fleet", "crowd",
	},
	"application/gitaccess":    {"ancestry", "place"},
	"application/postreceive":  {"landed", "outcome", "records"},
	"application/credentials":  {"holder", "holders"},
	"application/lfsaccess":    {"pass"},
	"application/clusters":     {"located", "home"},
	"application/findings":     {"take", "but"},
	"application/provisioning": {"books", "sold", "statement", "purchase", "subscribe", "amend", "schedule", "unschedule"},
	"application/worldimport":  {"holder", "sold", "filed"},
	"application/gitaudit":     {"trail"},
	"domain/agents":            {"holder"},
	"adapters/cli":             {"unwilling", "errForgetful", "errTold"},
	"bootstrap":                {"leave", "take", "books", "records"},
	"tests":                    {"land", "ground", "stage"},
}

// vagueFunctions are names of functions that lack a verb or its object.
var vagueFunctions = []string{"turn", "there", "over", "on", "at", "hang", "nobody", "settle", "told", "missing"}

// vagueWords are words of comments that hide who does what.
var vagueWords = regexp.MustCompile(`(?i)\b(nobody|somebody|whom)\b`)

// quoted is text that a comment repeats, which may be a value of the code.
var quoted = regexp.MustCompile(`"[^"\n]*"`)

// names holds what is declared against oldNames and vagueFunctions.
func names(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		banned := map[string]bool{}
		for prefix, list := range oldNames {
			if prefix == "" || within(p.path, prefix) {
				for _, name := range list {
					banned[name] = true
				}
			}
		}
		for _, f := range p.files {
			if ast.IsGenerated(f.File) {
				continue
			}
			eachDeclared(f.File, func(id *ast.Ident) {
				if banned[lowerFirst(id.Name)] {
					findings = append(findings, fmt.Sprintf("%s%s is a word of our own: take the field's", f.position(id), id.Name))
				}
			})
			for _, decl := range f.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				for _, name := range vagueFunctions {
					if lowerFirst(fn.Name.Name) == name {
						findings = append(findings, fmt.Sprintf("%sfunction %s: take a verb and its object", f.position(fn.Name), fn.Name.Name))
					}
				}
			}
		}
	}
	return findings
}

// words holds comments against vagueWords.
func words(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		for _, f := range p.files {
			for _, group := range f.Comments {
				for _, c := range group.List {
					if word := vagueWords.FindString(quoted.ReplaceAllString(c.Text, "")); word != "" {
						findings = append(findings, fmt.Sprintf("%s%q: say who does what", f.position(c), word))
					}
				}
			}
		}
	}
	return findings
}

// eachDeclared calls do for every name that a source declares.
func eachDeclared(f *ast.File, do func(*ast.Ident)) {
	all := func(list []ast.Expr) {
		for _, x := range list {
			if id, ok := x.(*ast.Ident); ok {
				do(id)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			do(n.Name)
		case *ast.TypeSpec:
			do(n.Name)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				do(id)
			}
		case *ast.Field:
			for _, id := range n.Names {
				do(id)
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				all(n.Lhs)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				all([]ast.Expr{n.Key, n.Value})
			}
		}
		return true
	})
}

func lowerFirst(name string) string {
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	return string(unicode.ToLower(rune(name[0]))) + name[1:]
}

// maxSources is how many sources a package may have: a room is left before it
// is full.
const maxSources = 25

// smallPackages holds packages against maxSources.
func smallPackages(tr tree) (findings []string) {
	for _, p := range tr.packages() {
		if n := len(p.sources()); n > maxSources {
			findings = append(findings, fmt.Sprintf("%s: %d sources, at most %d", p.path, n, maxSources))
		}
	}
	return findings
}
