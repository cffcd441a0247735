@0xcc316e3f71a040fb;
# Threads across a process boundary, as libmultiprocess defines them: a caller makes itself a thread in the
# other process and names it with each call, so that its calls run there one after the other. And what schemas say to
# mpgen, libmultiprocess's generator of C++ code, which brings a copy of its own of this file.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("mp");

annotation include(file) :Text;
# A header that the generated code includes.

annotation includeTypes(file) :Text;
# A header that the generated definitions include: it says how values travel.

annotation wrap(interface, struct) :Text;
# The C++ class that the declaration stands for.

annotation count(param, struct, interface) :Int32;
# How many C++ parameters a parameter stands for, if not one.

annotation exception(param) :Text;
# The C++ exception that a result stands for.

annotation name(field, method) :Text;
# The name in C++, where it is another.

annotation skip(field) :Void;
# The C++ class has nothing for the field.

interface ThreadMap $count(0) {
  # One side's threads, for the other side to make calls on.

  makeThread @0 (name :Text) -> (result :Thread);
  # Starts a thread; `name` says, in the log, whose calls run on it.

  makePool @1 (count :UInt32) -> ();
  # Starts the threads that run the calls whose context names no thread. Once per connection.
}

interface Thread {
  # A thread of the side that hands it out. It ends when its last reference is released.

  getName @0 () -> (result :Text);
}

struct Context $count(0) {
  # The first parameter of each method that does not run on the event loop.

  thread @0 :Thread;
  # The callee's thread to run the call on.

  callbackThread @1 :Thread;
  # The caller's thread, which calls back to the caller run on in the meantime.
}
