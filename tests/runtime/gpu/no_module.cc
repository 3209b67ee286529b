// A library that is no GPU module: it exports something else.
extern "C" int something_else() { return 1; }
