mod divert;
