ln -s none lost
