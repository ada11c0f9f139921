package hookclient

// Public says whether an address is one of the public internet.
var Public = public
