mkdir r && ln -s dev r/dev
