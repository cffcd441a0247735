@0xcc316e3f71a040fb;
# Threads across a process boundary, as libmultiprocess defines them: a caller makes itself a thread in the
# other process and names it with each call, so that its calls run there one after the other.

interface ThreadMap {
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

struct Context {
  # The first parameter of each method that does not run on the event loop.

  thread @0 :Thread;
  # The callee's thread to run the call on.

  callbackThread @1 :Thread;
  # The caller's thread, which calls back to the caller run on in the meantime.
}
