package identity

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"gatehouse/domain"
)

const (
	// maxName is the most characters of a name, a username or an e-mail.
	maxName = 255
	// minPassword is the fewest characters of a password.
	minPassword = 8
)

// address is an e-mail address as far as GitLab looks at it: one @ between two parts,
// without blanks and without what encloses one in a header.
var address = regexp.MustCompile(`^[^@\s<>]+@[^@\s<>]+$`)

// Check returns what is wrong with the account as the management API takes it, whose user
// has those secondary e-mails. A name that is taken already is another matter.
func (a Account) Check(secondary ...Email) domain.FieldErrors {
	var wrong domain.FieldErrors
	add := func(field, message string) { wrong = append(wrong, domain.FieldError{Field: field, Message: message}) }
	if refusal := CheckUsername(a.Username); refusal != nil {
		add("username", "is invalid: "+refusal.Message)
	} else if IsReserved(a.Username) {
		add("username", "is a reserved name")
	}
	switch {
	case strings.TrimSpace(a.Name) == "":
		add("name", "can't be blank")
	case utf8.RuneCountInString(a.Name) > maxName:
		add("name", "is too long (maximum is 255 characters)")
	}
	if !isAddress(a.Email) {
		add("email", "is invalid")
	}
	if a.CheckPublicEmail(a.PublicEmail, secondary...) != nil {
		add("public_email", "is not an email you own")
	}
	if a.ProjectsLimit < 0 {
		add("projects_limit", "must be greater than or equal to 0")
	}
	return wrong
}

// CheckChange returns what is wrong with those fields of the account that differ from
// the old one, as Check does: what was there before a rule stays.
func (a Account) CheckChange(old Account, secondary ...Email) (wrong domain.FieldErrors) {
	same := map[string]bool{
		"username": a.Username == old.Username, "name": a.Name == old.Name, "email": a.Email == old.Email,
		"public_email": a.PublicEmail == old.PublicEmail, "projects_limit": a.ProjectsLimit == old.ProjectsLimit,
	}
	for _, f := range a.Check(secondary...) {
		if !old.Known() || !same[f.Field] {
			wrong = append(wrong, f)
		}
	}
	return wrong
}

// CheckPassword returns what is wrong with a password; one that is empty is none.
func CheckPassword(password string) domain.FieldErrors {
	if password != "" && utf8.RuneCountInString(password) < minPassword {
		return domain.WrongField("password", "is too short (minimum is 8 characters)")
	}
	return nil
}

// reserved are the top-level paths that Rails keeps for its own routes.
var reserved = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`- .well-known 404.html 422.html 500.html 502.html 503.html admin api apple-touch-icon.png
		apple-touch-icon-precomposed.png assets dashboard deploy.html explore favicon.ico favicon.png files groups health_check help
		import jwt login oauth profile projects public robots.txt s search sitemap sitemap.xml sitemap.xml.gz
		slash-command-logo.png snippets unsubscribes uploads users v2`) {
		words[word] = true
	}
	return words
}()

// IsReserved says whether no new user and no new top-level group can have that path, in
// any letter case.
func IsReserved(path string) bool { return reserved[Fold(path)] }
