from accunode_devstack.cli import app

app(prog_name="python -m accunode_devstack")
