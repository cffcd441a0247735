@0xbdf87d7bb8304e81;
# What schemas say to the C++ code generator of Cap'n Proto. It has a copy of its own; this one lets the schemas be read
# where Cap'n Proto is not installed.

annotation namespace @0xb9c6f99ebf805f2c (file) :Text;
# The C++ namespace of the generated code.

annotation name @0xf264a779fef191ce (field, enumerant, struct, enum, interface, method, param, group, union) :Text;
# The declaration's name in C++.
