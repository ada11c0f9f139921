package instancekey

// AwaitAnswer waits until the database has told its check text, if it was asked.
func (k *Key) AwaitAnswer() { k.answers.Wait() }

// AskFrom makes another database the one that is asked.
func (k *Key) AskFrom(database Notes) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes = database
}
