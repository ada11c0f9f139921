package hookclient

// Public says whether an address belongs to the public internet.
var Public = public
