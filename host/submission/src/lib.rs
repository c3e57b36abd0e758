//! The SMTP submission listener.
