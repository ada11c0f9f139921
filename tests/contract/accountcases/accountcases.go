// Package accountcases tests the promises of the ports of accounts on every store, as
// package contract does for the others.
package accountcases

import (
	"testing"

	"gatehouse/application/accounts"
	"gatehouse/domain/identity"
	"gatehouse/tests/contract"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// Run runs all cases on the stores that open makes.
func Run(t *testing.T, open stores.Factory) {
	contract.RunCases(t, "account changes", changeCases, open)
	contract.RunCases(t, "account deletions", deletionCases, open)
	contract.RunCases(t, "account e-mails", emailCases, open)
	contract.RunCases(t, "account records", recordCases, open)
	contract.RunCases(t, "account credentials", credentialCases, open)
}

// now is the time of all cases.
var now = world.Now

// store is the store under test.
type store struct{ contract.Subject }

// unit runs do in a transaction that has to succeed.
func (s store) unit(do func(accounts.Tx) error) {
	s.Helper()
	s.Fine("unit of work", s.AccountUnitOfWork(s.Context(), do))
}

// try runs do in a transaction and returns its error.
func (s store) try(do func(accounts.Tx) error) error { return s.AccountUnitOfWork(s.Context(), do) }

// put keeps an account and returns its number.
func (s store) put(a identity.Account) (id identity.UserID) {
	s.Helper()
	s.unit(func(tx accounts.Tx) (err error) {
		id, err = tx.Users.PutAccount(s.Context(), a)
		return err
	})
	return id
}

// account returns the account of a number.
func (s store) account(id identity.UserID) (a identity.Account) {
	s.Helper()
	s.unit(func(tx accounts.Tx) (err error) {
		a, err = tx.Users.Account(s.Context(), id)
		return err
	})
	return a
}

// change changes an account.
func (s store) change(id identity.UserID, change func(*identity.Account)) {
	s.Helper()
	s.unit(func(tx accounts.Tx) error {
		a, err := tx.Users.Account(s.Context(), id)
		if err != nil {
			return err
		}
		change(&a)
		_, err = tx.Users.PutAccount(s.Context(), a)
		return err
	})
}

func byName(name string) identity.Claim { return identity.ClaimName(name) }

func byID(id identity.UserID) identity.Claim {
	return identity.Claim{Kind: identity.ByUser, ID: int64(id)}
}

// caseOf makes a case of a check of a store.
func caseOf(name string, check func(s store)) contract.Case {
	return contract.Case{Name: name, Check: func(s contract.Subject) { check(store{s}) }}
}
