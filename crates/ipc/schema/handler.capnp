@0xebd8f46e2f369076;
# The end of a subscription. Only the ids are upstream's.

using Proxy = import "/mp/proxy.capnp";

interface Handler {
  # Something that is called back until this is disconnected or dropped.

  destroy @0 (context :Proxy.Context) -> ();
  disconnect @1 (context :Proxy.Context) -> ();
}
