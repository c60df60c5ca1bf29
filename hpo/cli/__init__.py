"""What every command shares: its options and what it shows. argparse and rich are used here and by the front doors."""
