//! site-profile.
