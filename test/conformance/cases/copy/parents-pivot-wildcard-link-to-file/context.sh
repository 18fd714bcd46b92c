mkdir d; echo x > d/x; echo f > f; ln -s d ld; ln -s f l
